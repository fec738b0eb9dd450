"""Certificates of every kind, good and bad, for tests of TLS with the core."""

import os
import subprocess

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """Signs with the authority in `folder`, or makes one of another name."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        self.name = name
        if not os.path.exists(self._file("pem")):
            self._openssl("req", "-x509", *NEW_KEY, "-keyout",
                          self._file("key"), "-out", self._file("pem"),
                          "-days", "30", "-subj", f"/CN={name}")

    def issue(self, name, alternatives, use="serverAuth,clientAuth", days=30,
              common_name="a peer"):
        """Writes NAME.pem and NAME.key."""
        request, extensions = f"{name}.csr", f"{name}.ext"
        self._openssl("req", "-new", *NEW_KEY, "-keyout", f"{name}.key",
                      "-out", request, "-subj", f"/CN={common_name}")
        with open(f"{self.folder}/{extensions}", "w", encoding="utf-8") as file:
            file.write(f"extendedKeyUsage={use}\n")
            if alternatives:
                file.write(f"subjectAltName={alternatives}\n")
        self._openssl("x509", "-req", "-in", request, "-CA",
                      self._file("pem"), "-CAkey", self._file("key"),
                      "-CAcreateserial", "-days", str(days), "-extfile",
                      extensions, "-out", f"{name}.pem")

    def _file(self, kind):
        return f"{self.folder}/{self.name}.{kind}"

    def _openssl(self, *arguments):
        subprocess.run(("openssl", *arguments), check=True, cwd=self.folder,
                       stderr=subprocess.DEVNULL)
