//! `cuulong sign`: a file signed with a key at hand, for scripts and for test suites.

use std::path::PathBuf;
use std::process::ExitCode;

use base::Clock;
use clap::{Args, ValueEnum};
use pki::cert::Serial;
use pki::tsp::{Draft, Imprint, Request};
use pki::{Certificate, PrivateKey};
use trust::validation;
use trust::validation::make::{self, CannotMake, Order};
use trust::validation::report::{Format, Level};

use crate::cli::Failure;
use crate::verify::{BesideArgs, certificates, read};

/// The policy of time-stamps made by a key at hand: in the arc for examples, promising nothing.
const LOCAL_POLICY: &str = "1.3.6.1.4.1.99999.2";

/// What `sign` is asked.
#[derive(Args, Debug)]
pub struct SignArgs {
    /// The file
    file: PathBuf,
    /// The key: PEM without password, or PKCS#12 with --password-file
    #[arg(long)]
    key: PathBuf,
    /// The password of a PKCS#12 file, read from a file
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// The signer's certificate and its issuers; those beside the key without it
    #[arg(long)]
    cert: Option<PathBuf>,
    /// Where the result goes
    #[arg(long)]
    out: PathBuf,
    /// How long it is to be checkable
    #[arg(long, value_enum, default_value = "B-B")]
    level: LevelArg,
    /// As what; by the file's content without it
    #[arg(long, value_enum, default_value = "auto")]
    format: FormatArg,
    /// The content stays outside the message
    #[arg(long)]
    detached: bool,
    /// The address of a time-stamping authority
    #[arg(long, conflicts_with = "tsa_key")]
    tsa: Option<String>,
    /// Roots under which its time-stamps count (PEM); without any, whose they are is not judged
    #[arg(long, requires = "tsa")]
    tsa_trust: Vec<PathBuf>,
    /// The key of a time-stamping authority at hand
    #[arg(long, requires = "tsa_cert")]
    tsa_key: Option<PathBuf>,
    /// Its certificate and its issuers
    #[arg(long)]
    tsa_cert: Option<PathBuf>,
    #[command(flatten)]
    beside: BesideArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LevelArg {
    #[value(name = "B-B")]
    Bb,
    #[value(name = "B-T")]
    Bt,
    #[value(name = "B-LT")]
    Blt,
    #[value(name = "B-LTA")]
    Blta,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Auto,
    #[value(alias = "cms")]
    Cades,
    #[value(alias = "xml")]
    Xades,
    #[value(alias = "pdf")]
    Pades,
}

/// Signs the file.
pub fn run(args: &SignArgs) -> Result<ExitCode, Failure> {
    let bytes = read(&args.file)?;
    let (key, beside) = key(args)?;
    let all = match &args.cert {
        Some(path) => certificates(path)?,
        None => beside,
    };
    let is_own = |one: &&Certificate| one.public_key() == pki::Signer::public_key(&key);
    let certificate = all.iter().find(is_own).cloned();
    let certificate = certificate.ok_or_else(|| Failure::new("no certificate of this key is given"))?;
    let chain: Vec<Certificate> = all.into_iter().filter(|one| *one != certificate).collect();
    let evidence = args.beside.bag()?;
    let stamp = stamper(args)?;
    let order = Order {
        bytes: &bytes,
        format: format(args, &bytes),
        is_detached: args.detached,
        key: &key,
        certificate: &certificate,
        chain: &chain,
        at: Clock::system().now(),
        level: match args.level {
            LevelArg::Bb => Level::BB,
            LevelArg::Bt => Level::BT,
            LevelArg::Blt => Level::BLT,
            LevelArg::Blta => Level::BLTA,
        },
        stamp: stamp.as_deref(),
        evidence: &evidence,
        look: None,
    };
    let signed = make::sign(&order).map_err(|why| Failure::new(refusal(&why)))?;
    std::fs::write(&args.out, signed)
        .map_err(|e| Failure::new(format!("cannot write {}: {e}", args.out.display())))?;
    Ok(ExitCode::SUCCESS)
}

fn refusal(why: &CannotMake) -> String {
    match why {
        CannotMake::Unreadable(how) => format!("the file cannot be signed as it is: {how}"),
        CannotMake::Level => "this level is not made in this format".into(),
        CannotMake::NoStamper => "levels above B-B need --tsa, or --tsa-key and --tsa-cert".into(),
        CannotMake::Stamp(how) => format!("there is no time-stamp: {how}"),
        CannotMake::Key(how) => format!("the key does not sign: {how}"),
        CannotMake::Refused(how) => format!("the file cannot be signed: {how}"),
    }
}

fn format(args: &SignArgs, bytes: &[u8]) -> Format {
    match args.format {
        FormatArg::Cades => Format::Cms,
        FormatArg::Xades => Format::Xml,
        FormatArg::Pades => Format::Pdf,
        FormatArg::Auto if args.detached => Format::Cms,
        FormatArg::Auto => match validation::detect(bytes) {
            Some(found @ (Format::Xml | Format::EdXml | Format::Pdf)) => found,
            _ => Format::Cms,
        },
    }
}

/// The key, and the certificates that lie beside it.
fn key(args: &SignArgs) -> Result<(PrivateKey, Vec<Certificate>), Failure> {
    let unread = |why: &dyn std::fmt::Display| Failure::new(format!("{}: {why}", args.key.display()));
    let bytes = read(&args.key)?;
    if !pki::pem::is_pem(&bytes) {
        let password = match &args.password_file {
            Some(path) => String::from_utf8_lossy(&read(path)?).trim_end_matches(['\r', '\n']).to_string(),
            None => String::new(),
        };
        let mut bundle = pki::pkcs12::open(&bytes, &password).map_err(|e| unread(&e))?;
        if bundle.keys.is_empty() {
            return Err(unread(&"no key inside"));
        }
        return Ok((bundle.keys.remove(0), bundle.certificates));
    }
    let key = PrivateKey::from_pem(&String::from_utf8_lossy(&bytes)).map_err(|e| unread(&e))?;
    let beside = pki::cert::import(&bytes).map(|imported| imported.certificates).unwrap_or_default();
    Ok((key, beside))
}

type OwnedStamper = Box<make::Stamper<'static>>;

fn stamper(args: &SignArgs) -> Result<Option<OwnedStamper>, Failure> {
    if let Some(address) = args.tsa.clone() {
        let roots = crate::verify::all_certificates(&args.tsa_trust)?;
        let trusted = (!roots.is_empty()).then(|| trust::time_stamps::Trusted::of(roots));
        return Ok(Some(Box::new(move |imprint: &Imprint| ask(&address, imprint, trusted.as_ref()))));
    }
    let (Some(key), Some(cert)) = (&args.tsa_key, &args.tsa_cert) else { return Ok(None) };
    let text = String::from_utf8_lossy(&read(key)?).into_owned();
    let signer = PrivateKey::from_pem(&text).map_err(|e| Failure::new(format!("{}: {e}", key.display())))?;
    let mut chain = certificates(cert)?;
    if chain.is_empty() {
        return Err(Failure::new(format!("{}: no certificate inside", cert.display())));
    }
    let certificate = chain.remove(0);
    let stamp = move |imprint: &Imprint| -> Result<Vec<u8>, String> {
        let request = Request::new(imprint.clone(), None);
        let draft = Draft {
            request: &request,
            policy: LOCAL_POLICY.parse().map_err(|_| "policy".to_string())?,
            serial: Serial::random(),
            time: Clock::system().now(),
            accuracy_millis: None,
            certificate: &certificate,
            chain: &chain,
        };
        draft.sign(&signer).map_err(|e| e.to_string())
    };
    Ok(Some(Box::new(stamp)))
}

/// Asks an authority at an address.
fn ask(
    address: &str,
    imprint: &Imprint,
    trusted: Option<&trust::time_stamps::Trusted>,
) -> Result<Vec<u8>, String> {
    let runtime = crate::runtime().map_err(|e| e.to_string())?;
    let now = Clock::system().now();
    runtime.block_on(trust::time_stamps::ask(address, imprint, trusted, now))
}
