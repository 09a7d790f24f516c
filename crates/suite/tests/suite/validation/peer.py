"""pyHanko in a folder: signs a.pdf as by-pyhanko.pdf, then says of each file named whether it holds."""
import sys

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

signer = signers.SimpleSigner.load("ee.key", "ee.pem", ca_chain_files=("ca.pem",))
meta = signers.PdfSignatureMetadata(field_name="Sig1", subfilter=fields.SigSeedSubFilter.PADES)
with open("a.pdf", "rb") as source, open("by-pyhanko.pdf", "wb") as out:
    signers.sign_pdf(IncrementalPdfFileWriter(source), meta, signer=signer, output=out)

context = ValidationContext(trust_roots=[load_cert_from_pemder("ca.pem")])
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        for signature in PdfFileReader(file).embedded_regular_signatures:
            status = validate_pdf_signature(signature, context)
            print(name, status.bottom_line)
