"""Behaviours 20 and 39 to 41: not of one request, but of how the server listens, and certificates for it."""

import pathlib
import ssl
import subprocess
import time

from selection import setting

setting(20, "connections are refused for the first seconds=2")
setting(39, "TLS with a certificate: self_signed, expired, of another host; or plain HTTP on the TLS port",
        ("self_signed", "expired", "other_name", "plain"))
setting(40, "a proxy that answers 407, or cuts CONNECT", ("407", "cut"))
setting(41, "listens on 127.0.0.1 only (ask for it as localhost)")


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"openssl {arguments[0]}: {done.stderr.strip()[-300:]}")


CA_CONFIG = """[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


def write_certificate(folder, kind):
    """cert.pem and key.pem in `folder`: self-signed, of localhost and 127.0.0.1 unless the kind says another thing."""
    folder = pathlib.Path(folder)
    names = "DNS:elsewhere.invalid" if kind == "other_name" else "DNS:localhost,IP:127.0.0.1"
    (folder / "ca.cnf").write_text(CA_CONFIG)
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem",
            "-out", "request.pem", "-subj", "/CN=toy server", "-addext", f"subjectAltName={names}")
    now = time.time()
    begin, end = (now - 20 * 86400, now - 10 * 86400) if kind == "expired" else (now - 86400, now + 86400)
    dates = [time.strftime("%y%m%d%H%M%SZ", time.gmtime(moment)) for moment in (begin, end)]
    openssl(folder, "ca", "-batch", "-notext", "-config", "ca.cnf", "-selfsign", "-keyfile", "key.pem", "-in", "request.pem",
            "-out", "cert.pem", "-startdate", dates[0], "-enddate", dates[1])


def tls_context(folder, kind):
    """None: no TLS."""
    if kind == "plain":
        return None
    write_certificate(folder, kind)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem")
    return context
