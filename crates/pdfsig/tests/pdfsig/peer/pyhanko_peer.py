"""Signs and judges PDF files with pyHanko, for the interop tests.

judge CA FILE…           prints one line for each signature of each file:
                         kind intact valid trusted coverage modification docmdp_ok bottom_line stamped
sign FOLDER LEVEL IN OUT signs IN as an-{key,pem} of FOLDER at LEVEL (b, t, lt, lta), stamped by tsa-{key,pem}
"""

import asyncio
import sys

from pyhanko.keys import load_cert_from_pemder, load_private_key_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore


def context(ca, **more):
    return ValidationContext(trust_roots=[load_cert_from_pemder(ca)], allow_fetching=False, **more)


async def judge(ca, path):
    with open(path, "rb") as file:
        reader = PdfFileReader(file, strict=False)
        for sig in reader.embedded_signatures:
            if sig.sig_object_type == "/DocTimeStamp":
                status = await async_validate_pdf_timestamp(sig, context(ca))
            else:
                status = await async_validate_pdf_signature(sig, context(ca), context(ca))
            stamp = getattr(status, "timestamp_validity", None)
            change = getattr(status, "modification_level", None)
            print(
                sig.field_name.replace(" ", "_"), status.intact, status.valid, status.trusted, status.coverage.name,
                change.name if change is not None else "-", getattr(status, "docmdp_ok", "-"), getattr(status, "bottom_line", "-"),
                "stamped" if stamp is not None and stamp.valid and stamp.trusted else "unstamped",
            )


def signer(folder, who):
    return signers.SimpleSigner(
        signing_cert=load_cert_from_pemder(f"{folder}/{who}.pem"),
        signing_key=load_private_key_from_pemder(f"{folder}/{who}.key", passphrase=None),
        cert_registry=SimpleCertificateStore.from_certs([load_cert_from_pemder(f"{folder}/ca.pem")]),
    )


async def sign(folder, level, source, target):
    tsa = signer(folder, "tsa")
    stamper = timestamps.DummyTimeStamper(
        tsa_cert=tsa.signing_cert, tsa_key=tsa.signing_key, certs_to_embed=tsa.cert_registry, fixed_dt=None
    )
    with open(f"{folder}/ca.crl", "rb") as file:
        crl = file.read()
    trust = context(f"{folder}/ca.pem", crls=[crl], revocation_mode="hard-fail")
    meta = signers.PdfSignatureMetadata(
        field_name="Sig1",
        subfilter=fields.SigSeedSubFilter.PADES,
        embed_validation_info=level in ("lt", "lta"),
        use_pades_lta=level == "lta",
        validation_context=trust if level in ("lt", "lta") else None,
        md_algorithm="sha256",
    )
    with open(source, "rb") as file:
        writer = IncrementalPdfFileWriter(file, strict=False)
        done = await signers.PdfSigner(
            meta, signer=signer(folder, "an"), timestamper=None if level == "b" else stamper
        ).async_sign_pdf(writer)
    with open(target, "wb") as file:
        file.write(done.getbuffer())


def main(words):
    match words:
        case ["judge", ca, *paths]:
            for path in paths:
                asyncio.run(judge(ca, path))
        case ["sign", folder, level, source, target]:
            asyncio.run(sign(folder, level, source, target))
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
