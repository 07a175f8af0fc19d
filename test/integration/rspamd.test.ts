/** Debian's rspamd with deploy/rspamd/assay.lua alone: Assay's report becomes symbols; what is no report of Assay's becomes none. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Report, reportField } from "../../src/stamp/report.ts";
import { type Child, freePorts, newFolder, startChild, until } from "./mta/child.ts";

const rule = fileURLToPath(new URL("../../deploy/rspamd/assay.lua", import.meta.url));

function withoutRspamd(): string | false {
  if (existsSync("/usr/bin/rspamd")) return false;
  const reason = "needs rspamd: apt-get install --no-install-recommends rspamd";
  assert.notEqual(process.env["CI"], "true", reason);
  return reason;
}

const report: Report = {
  ...{ client: "203.0.113.9", helo: "mail.evil.example", ptr: null, direction: "inbound", filter: "SPM", category: "SPOOF" },
  ...{ compauth: "fail", reason: "001", standing: "suspicious", suspicion: ["look-alike"], unverified: true, via: null },
  ...{ action: "junk", mode: "enforce", withheld: null, policyVersion: null, removed: 2, id: "0199c0ffee000123456789ab" },
};
const deliver = { action: "deliver", filter: "NSPM", category: "NONE" } as const;

const cases: readonly (readonly [what: string, fields: readonly string[], symbols: readonly string[]])[] = [
  ["junk", [reportField(report)], ["ASSAY_FAIL", "ASSAY_JUNK", "ASSAY_SUSPICIOUS"]],
  ["good", [reportField({ ...report, ...deliver, compauth: "pass", reason: "100", standing: "good" })], ["ASSAY_GOOD", "ASSAY_PASS"]],
  [
    "observed",
    [reportField({ ...report, ...deliver, mode: "observe", withheld: "junk" })],
    ["ASSAY_FAIL", "ASSAY_SUSPICIOUS", "ASSAY_WITHHELD"],
  ],
  ["outbound", [reportField({ ...report, direction: "outbound" })], []],
  ["no field", [], []],
  ["a later version", [reportField(report).replace("V:1;", "V:2;")], []],
  ["a part that stands twice", [reportField(report).replace("V:1;", "V:1;ACTION:junk;")], []],
  ["a name that spells a part", [reportField({ ...report, ...deliver, helo: "x;ACTION:junk;" })], ["ASSAY_FAIL", "ASSAY_SUSPICIOUS"]],
  ["only the first field", [reportField({ ...report, ...deliver, standing: "unknown" }), reportField(report)], ["ASSAY_FAIL"]],
];

describe("rspamd reads the report", { skip: withoutRspamd() }, () => {
  const folder = newFolder("rspamd");
  let rspamd: Child | null = null;
  let port = 0;
  before(async () => {
    [port = 0] = await freePorts(1);
    // Its own list takes many seconds to compile.
    writeFileSync(join(folder.path, "suffixes"), "com\nexample\n");
    writeFileSync(join(folder.path, "rspamd.conf"), settings(folder.path, port));
    rspamd = startChild("/usr/bin/rspamd", { args: ["-f", "-i", "-c", join(folder.path, "rspamd.conf")] });
    await until(async () => (await symbolsOf([]).catch(() => null)) !== null, {
      about: () => rspamd?.output() ?? "",
    });
  });
  after(async () => {
    await rspamd?.stop();
    folder.remove();
  });
  for (const [what, fields, symbols] of cases) {
    test(what, async () => assert.deepEqual(await symbolsOf(fields), symbols));
  }

  function symbolsOf(fields: readonly string[]): Promise<readonly string[]> {
    const message = [...fields, "From: ceo@contoso.com", "Subject: hello", "", "Hello.", ""].join("\r\n");
    return new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, path: "/checkv2", method: "POST" }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        answer.on("end", () => {
          const { symbols } = JSON.parse(text) as { symbols: Record<string, unknown> };
          resolve(
            Object.keys(symbols)
              .filter((name) => name.startsWith("ASSAY_"))
              .sort(),
          );
        });
      });
      asked.on("error", reject);
      asked.end(message);
    });
  }
});

/** Nothing of rspamd's own rules, maps or lists: no question leaves the machine. */
function settings(folder: string, port: number): string {
  return `options { pidfile = "${folder}/pid"; filters = ""; dns { nameserver = ["127.0.0.1:1"]; } tempdir = "${folder}"; url_tld = "${folder}/suffixes"; }
logging { type = "console"; level = "warning"; }
actions { reject = 100; }
lua = "${rule}";
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
`;
}
