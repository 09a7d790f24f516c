//! Chains of certificates that OpenSSL has issued, judged by us as it judges them.

use super::Bench;
use judges::{Way, row};
use pki::cert::import;
use pki::path::{Anchor, Material, Purpose, Report, Revocation, Rules, validate};

/// Who issues and who is certified: the words with which each key is made, and with which each signs.
const CHAINS: [[(&str, &str); 3]; 4] = [
    [("ec -pkeyopt ec_paramgen_curve:P-384", ""), (P256, ""), ("rsa:2048", "")],
    [("rsa:3072", PSS), ("rsa:2048", "-sha384"), (P256, "")],
    [("ed25519", ""), ("ed25519", ""), ("ed25519", "")],
    [("rsa:2048", "-sha512"), ("ec -pkeyopt ec_paramgen_curve:P-521", "-sha512"), ("rsa:2048", PSS)],
];
const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
const PSS: &str = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1 -sha256";

/// The authority may certify hosts of the province alone.
const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
certificatePolicies=1.3.6.1.4.1.99999.1
nameConstraints=critical,permitted;DNS:vinhlong.example
";

fn leaf(host: &str) -> String {
    format!(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
         extendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
         certificatePolicies=1.3.6.1.4.1.99999.1\nsubjectAltName=DNS:{host}\n"
    )
}

/// Has OpenSSL make a chain down to a host.
fn make(bench: &Bench, [root, authority, end]: [(&str, &str); 3], host: &str) {
    bench.put("authority.ext", AUTHORITY);
    bench.put("end.ext", leaf(host));
    bench.must(&format!(
        "req -x509 -new -newkey {} -nodes -keyout r.key -out r.pem -days 3650 -subj /C=VN/CN=Root {} \
         -addext keyUsage=critical,keyCertSign,cRLSign",
        root.0, root.1
    ));
    for (name, by, (key, _), issuer) in
        [("authority", "r", authority, root), ("end", "authority", end, authority)]
    {
        bench.must(&format!(
            "req -new -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /C=VN/CN={name}"
        ));
        bench.must(&format!(
            "x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -CAcreateserial -days 900 \
             -extfile {name}.ext -out {name}.pem {}",
            issuer.1
        ));
    }
}

/// The chain as we judge it, for a server of this name.
fn judged(bench: &Bench, host: &str) -> Report {
    let read = |file: &str| import(&bench.take(file)).unwrap().certificates.remove(0);
    let (root, authority, end) = (read("r.pem"), read("authority.pem"), read("end.pem"));
    assert!(end.findings().is_empty(), "{host}: {:?}", end.findings());
    let mut material = Material::new();
    material.add_certificate(authority);
    let rules = Rules::at(end.validity().not_before.plus_days(1)).with_revocation(Revocation::Off);
    validate(&end, &[Anchor::from(root)], &material, &rules.for_purpose(Purpose::TlsServer(host.into())))
}

#[test]
fn its_chains_are_valid_here_inside_the_names_they_are_for() {
    for chain in CHAINS {
        let bench = Bench::new();
        let verify = "verify -x509_strict -purpose sslserver -CAfile r.pem -untrusted authority.pem end.pem";
        let host = "dichvucong.vinhlong.example";
        make(&bench, chain, host);
        bench.must(verify);
        let report = judged(&bench, host);
        assert!(report.is_valid(), "{chain:?}: {report:?}");
        assert!(!judged(&bench, "mail.vinhlong.example").is_valid(), "under another name");

        make(&bench, chain, "dichvucong.example");
        assert!(bench.must_not(verify).contains("permitted subtree violation"));
        assert!(!judged(&bench, "dichvucong.example").is_valid(), "{chain:?}");
    }
    row("openssl", Way::Theirs, "chains of certificates, as it verifies them", 2 * CHAINS.len());
}
