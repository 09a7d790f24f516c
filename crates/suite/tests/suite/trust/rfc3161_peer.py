"""rfc3161-client in a folder, for the interop tests.

ask PAPER SHA256|SHA512 nonce|bare QUERY   writes a request for a time-stamp
believe QUERY REPLY PAPER CHAIN            exits 0 when the reply answers the request, for this paper, under a root of the chain
"""

import pathlib
import sys

from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client._rust import parse_timestamp_request


def read(name):
    return pathlib.Path(name).read_bytes()


def ask(paper, algorithm, nonce, query):
    builder = TimestampRequestBuilder().data(read(paper)).hash_algorithm(HashAlgorithm[algorithm])
    request = builder.nonce(nonce=nonce == "nonce").cert_request(cert_request=True).build()
    pathlib.Path(query).write_bytes(request.as_bytes())


def believe(query, reply, paper, chain):
    builder = VerifierBuilder.from_request(parse_timestamp_request(read(query)))
    for certificate in x509.load_pem_x509_certificates(read(chain)):
        if certificate.subject == certificate.issuer:
            builder = builder.add_root_certificate(certificate)
        else:
            builder = builder.add_intermediate_certificate(certificate)
    assert builder.build().verify_message(decode_timestamp_response(read(reply)), read(paper))


{"ask": ask, "believe": believe}[sys.argv[1]](*sys.argv[2:])
