"""Signs and verifies with Debian's python3-dkim, for comparison. A case a line on stdin, JSON with base64; a result a line on stdout."""
import base64
import json
import sys

import dkim

for line in sys.stdin:
    case = json.loads(line)
    message = base64.b64decode(case["message"])
    if "sign" in case:
        options = case["sign"]
        field = dkim.sign(
            message,
            b"sel",
            b"example.com",
            options["key"].encode(),
            canonicalize=tuple(kind.encode() for kind in options["canonicalization"]),
            include_headers=[name.encode() for name in options["headers"]],
        )
        print(base64.b64encode(field).decode(), flush=True)
        continue
    try:
        result = dkim.verify(message, dnsfunc=lambda name, timeout=5: case["record"].encode())
    except dkim.DKIMException:
        result = False
    print(json.dumps(result), flush=True)
