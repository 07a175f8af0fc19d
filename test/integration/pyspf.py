"""Evaluates SPF cases with Debian's python3-spf, for comparison. A case a line on stdin, JSON; a result a line on stdout."""
import json
import sys

import spf


def lookup_in(zone):
    def lookup(name, qtype, strict=True, timeout=None):
        for entry in zone.get(name.lower().rstrip("."), []):
            if isinstance(entry, str):
                if qtype not in [t for e in zone[name.lower()] if not isinstance(e, str) for t in e]:
                    raise spf.TempError("DNS " + entry)
                continue
            for kind, value in entry.items():
                if kind == "CNAME" and qtype != "CNAME":
                    yield (name, "CNAME"), value
                elif kind == qtype:
                    yield (name, qtype), tuple(value) if kind == "MX" else [value.encode()] if kind == "TXT" else value

    return lambda *args, **kwargs: list(lookup(*args, **kwargs))


for line in sys.stdin:
    case = json.loads(line)
    spf.DNSLookup = lookup_in(case["zone"])
    query = spf.query(i=case["ip"], s=case["sender"], h=case["helo"], receiver="receiver.example", strict=True)
    result, _, explanation = query.check()
    print(json.dumps({"result": result, "explanation": explanation}), flush=True)
