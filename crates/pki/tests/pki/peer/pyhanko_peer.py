"""Signs and judges signed messages (CMS, CAdES) with pyHanko, for the interop tests.

judge CA CONTENT FILE…                     one line for each file: intact valid trusted bottom_line stamped
sign FOLDER CONTENT inside|detached b|t OUT  signs as an.pem and an.key of FOLDER, stamped by unit.pem and unit.key
"""

import asyncio
import sys

from asn1crypto import cms
from pyhanko.keys import load_cert_from_pemder, load_private_key_from_pemder
from pyhanko.sign import signers, timestamps
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore


def read(path):
    with open(path, "rb") as file:
        return file.read()


def context(ca):
    return ValidationContext(trust_roots=[load_cert_from_pemder(ca)], allow_fetching=False)


async def judge(ca, content, path):
    message = cms.ContentInfo.load(read(path), strict=True)["content"]
    status = await async_validate_detached_cms(read(content), message, context(ca), context(ca))
    stamp = status.timestamp_validity
    stamped = "stamped" if stamp is not None and stamp.valid and stamp.trusted else "unstamped"
    print(status.intact, status.valid, status.trusted, status.bottom_line, stamped)


def holder(folder, who):
    certificate = load_cert_from_pemder(f"{folder}/{who}.pem")
    key = load_private_key_from_pemder(f"{folder}/{who}.key", passphrase=None)
    return certificate, key, SimpleCertificateStore.from_certs([load_cert_from_pemder(f"{folder}/ca.pem")])


async def sign(folder, content, place, level, out):
    certificate, key, chain = holder(folder, "an")
    stamper = None
    if level == "t":
        unit, unit_key, unit_chain = holder(folder, "unit")
        stamper = timestamps.DummyTimeStamper(tsa_cert=unit, tsa_key=unit_key, certs_to_embed=unit_chain)
    signer = signers.SimpleSigner(signing_cert=certificate, signing_key=key, cert_registry=chain)
    made = await signer.async_sign_general_data(
        read(content), "sha256", detached=place == "detached", use_cades=True, timestamper=stamper
    )
    with open(out, "wb") as file:
        file.write(made.dump())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["judge", ca, content, *paths]:
            for path in paths:
                asyncio.run(judge(ca, content, path))
        case ["sign", folder, content, place, level, out]:
            asyncio.run(sign(folder, content, place, level, out))
        case _:
            raise SystemExit(__doc__)
