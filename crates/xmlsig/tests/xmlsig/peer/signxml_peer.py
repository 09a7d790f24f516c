"""Signs and verifies with signxml, for the interop tests.

verify FILE CA plain|xades|bare exits 0 when signxml accepts FILE under the CA
sign FILE KEY CERTIFICATE OUT METHOD plain|xades
"""

import sys

from lxml import etree
from signxml import SignatureConfiguration, SignatureMethod, XMLSigner, XMLVerifier, methods
from signxml.xades import XAdESSignatureConfiguration, XAdESSigner, XAdESVerifier


def read(path):
    with open(path, "rb") as file:
        return file.read()


def verify(path, ca, kind):
    root = etree.fromstring(read(path))
    if kind == "xades":
        config = XAdESSignatureConfiguration(expect_references=True)
        results = XAdESVerifier().verify(root, ca_pem_file=ca, expect_config=config)
        assert any(hasattr(result, "signed_properties") for result in results)
    elif kind == "bare":
        config = SignatureConfiguration(expect_references=True, require_x509=False)
        results = XMLVerifier().verify(root, expect_config=config)
    else:
        config = SignatureConfiguration(expect_references=True)
        results = XMLVerifier().verify(root, ca_pem_file=ca, expect_config=config)
    results = results if isinstance(results, list) else [results]
    print(len(results))


def sign(path, key, certificate, out, method, kind):
    signer = XAdESSigner if kind == "xades" else XMLSigner
    signer = signer(method=methods.enveloped, signature_algorithm=SignatureMethod[method])
    root = etree.fromstring(read(path))
    signed = signer.sign(root, key=read(key), cert=read(certificate).decode())
    with open(out, "wb") as file:
        file.write(etree.tostring(signed, encoding="utf-8"))


if __name__ == "__main__":
    {"verify": verify, "sign": sign}[sys.argv[1]](*sys.argv[2:])
