"""pyHanko's CSC client: signs PDF files through a remote service, then says of each whether it holds.

csc_peer.py URL TOKEN CREDENTIAL PIN CA FILE…    writes signed-FILE beside each FILE, all under one authorisation
"""
import asyncio
import sys

import aiohttp
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.signers import csc_signer
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext


class WithPin(csc_signer.CSCAuthorizationManager):
    """Authorises exactly the hashes at hand with a PIN."""

    def __init__(self, session, info, credential, pin):
        super().__init__(info, credential)
        self.session, self.pin = session, pin

    async def authorize_signature(self, hash_b64s):
        url = self.csc_session_info.endpoint_url("credentials/authorize")
        request = self.format_csc_auth_request(pin=self.pin, hash_b64s=hash_b64s, description="pyHanko")
        async with self.session.post(url, headers=self.auth_headers, json=request) as response:
            answer = await response.json()
            if response.status != 200:
                raise SystemExit(f"{response.status} {answer}")
            return self.parse_csc_auth_response(answer)


async def sign(signer, name):
    meta = signers.PdfSignatureMetadata(
        field_name="Sig", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )
    with open(name, "rb") as source, open("signed-" + name, "wb") as out:
        writer = IncrementalPdfFileWriter(source)
        await signers.PdfSigner(meta, signer=signer).async_sign_pdf(writer, output=out)


async def judge(ca, name):
    context = ValidationContext(trust_roots=[load_cert_from_pemder(ca)], allow_fetching=False)
    with open(name, "rb") as file:
        for signature in PdfFileReader(file).embedded_regular_signatures:
            status = await async_validate_pdf_signature(signature, context)
            print(name, status.intact, status.valid, status.trusted, status.coverage.name, status.bottom_line)


async def main(url, token, credential, pin, ca, *names):
    info = csc_signer.CSCServiceSessionInfo(url, credential, oauth_token=token)
    async with aiohttp.ClientSession() as session:
        known = await csc_signer.fetch_certs_in_csc_credential(session, info)
        print(sorted(known.supported_mechanisms), known.max_batch_size, known.hash_pinning_required)
        manager = WithPin(session, info, known, pin)
        signer = csc_signer.CSCSigner(session, manager, batch_size=len(names))
        await asyncio.gather(*(sign(signer, name) for name in names))
    for name in names:
        await judge(ca, "signed-" + name)


asyncio.run(main(*sys.argv[1:]))
