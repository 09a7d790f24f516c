"""How fast pyHanko signs and judges what `pdfsig_speed FOLDER` left; rows of the table of `cargo x bench`.

Called as: python peer_speed.py FOLDER
"""

import asyncio
import datetime
import io
import pathlib
import sys
import time

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

SECONDS = 2.0
AT = datetime.datetime(2026, 6, 2, tzinfo=datetime.timezone.utc)


def measured(job):
    job()
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < SECONDS:
        job()
        count += 1
    return (time.perf_counter() - begin) / count * 1000


def main(folder):
    paper = (folder / "paper.pdf").read_bytes()
    for name in ["P-256", "RSA-2048"]:
        root = load_cert_from_pemder(str(folder / f"{name}-ca.pem"))
        signer = signers.SimpleSigner.load(
            str(folder / f"{name}.key"), str(folder / f"{name}.pem"), ca_chain_files=[str(folder / f"{name}-ca.pem")]
        )

        def sign():
            writer = IncrementalPdfFileWriter(io.BytesIO(paper))
            fields.append_signature_field(writer, fields.SigFieldSpec("Sig", box=(330, 200, 510, 270)))
            meta = signers.PdfSignatureMetadata(field_name="Sig", subfilter=fields.SigSeedSubFilter.PADES)
            signers.sign_pdf(writer, meta, signer=signer)

        signed = (folder / f"{name}.pdf").read_bytes()
        loop = asyncio.new_event_loop()

        def judge():
            trust = ValidationContext(trust_roots=[root], moment=AT, revocation_mode="soft-fail", allow_fetching=False)
            signature = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0]
            status = loop.run_until_complete(async_validate_pdf_signature(signature, trust))
            assert status.intact and status.valid, status.pretty_print_details()

        for what, job in [("10 KB of PDF signed", sign), ("one signature in PDF judged", judge)]:
            print(f"| pyHanko: {what}, {name} | {measured(job):.1f} ms | - | - | {SECONDS} s |")


main(pathlib.Path(sys.argv[1]))
