/** The command line from the outside: the examples, temporary folders, and where it matters real processes. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { dnsServer } from "../test/dns-server.ts";
import { type Output, type Ports, UsageError } from "./doors/cli/ports.ts";
import { run } from "./doors/cli/program.ts";
import { publishedSchema } from "./stamp/inspection-schema.ts";
import { zoneResolver } from "./system/zone-resolver.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = ["--import", "./test/no-dns.ts", "src/main.ts"];
const zone = ["--zone", "examples/zone.yaml"];
const mail = (name: string): string => `examples/mail/${name}.eml`;

type Ran = { readonly status: number | null; readonly out: string; readonly err: string };

function assay(args: readonly string[], input: string | Uint8Array = ""): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], { cwd: root, input, encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

/** The same in this process, with ports of our own: DNS from the examples' zone whatever is asked for. */
async function here(args: readonly string[], input = ""): Promise<Ran> {
  const texts = { out: "", err: "" };
  const output = (to: "out" | "err"): Output => ({
    write: (text) => {
      texts[to] += text;
      return Promise.resolve(true);
    },
    isTerminal: false,
    colour: false,
  });
  const ports: Ports = {
    out: output("out"),
    err: output("err"),
    stdin: async function* () {
      yield Buffer.from(input);
    },
    stdinIsTerminal: false,
    clock: Date.now,
    random: Math.random,
    hostName: () => "mx.fabrikam.com",
    openResolver: () => Promise.resolve(exampleDns),
    loadSettings: () => Promise.reject(new UsageError("no configuration here")),
    openLearning: () => Promise.reject(new Error("no store here")),
    openMemory: () => Promise.reject(new Error("no store here")),
    openEntries: () => Promise.reject(new Error("no store here")),
    openInsight: () => Promise.reject(new Error("no store here")),
    openJournal: () => Promise.reject(new Error("no store here")),
    userName: () => "nobody",
    openHeld: () => {
      throw new Error("not in this test");
    },
    serve: () => {
      throw new Error("not in this test");
    },
    openMaintenance: () => {
      throw new Error("no store here");
    },
    startWorker: () => {
      throw new Error("no threads here");
    },
  };
  return { status: await run(args, ports), ...texts };
}
const exampleDns = zoneResolver(readFileSync(join(root, "examples/zone.yaml"), "utf8"));

type Line = {
  readonly source: { readonly file: string; readonly index: number };
  readonly read: Record<string, string | null>;
  readonly transaction: {
    readonly ip: string | null;
    readonly helo: string | null;
    readonly mailFrom: string | null;
    readonly tls: object | null;
  };
  readonly verdict: { readonly compauth: string; readonly reason: string };
  readonly error?: { readonly code: string; readonly message: string };
  readonly trace?: readonly { readonly lane: string; readonly name: string; readonly left: number }[];
};

function lines({ out }: Ran): Line[] {
  return out
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text) as Line);
}

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "assay-main-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe("wrong use: one line, the nearest word, exit status 2", () => {
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [["chek"], /^assay: unknown command 'chek' \(Did you mean check\?\); see assay --help\n$/],
    [["check", "--jsn", "x"], /^assay: unknown option '--jsn' \(Did you mean --json\?\); see assay check --help\n$/],
    [["examples/zone.yaml"], /did you mean “assay check examples\/zone.yaml”/],
    [
      ["check", "--ip", "1.2.3", "x"],
      /^assay: --ip wants an IPv4 or IPv6 address, such as 192\.0\.2\.1 or 2001:db8::1; this is none: “1\.2\.3”\n$/,
    ],
    [["check", "--ip", "x\x1b[31m", "x"], /“x\\u\{1b\}\[31m”/],
    [["check", "--helo", "a b", "x"], /--helo wants the name/],
    [["check", "--rcpt-to", "ben", "x"], /--rcpt-to wants a recipient/],
    [["check", "--tls=1.3", "x"], /--tls wants a version/],
    [["check", "--jobs", "0", "x"], /--jobs wants a number of threads from 1 to 64/],
    [["check", "--mode", "rfc1", "x"], /--mode wants rfc9989, rfc7489 or compare/],
    [["check", "--zone", "a", "--dns", "127.0.0.1", "x"], /--zone and --dns exclude each other/],
    [["spf", "--sender", "a@b.example"], /needs the client's address: --ip 192\.0\.2\.1/],
    [["spf", "--ip", "192.0.2.1"], /needs an identity/],
    [["dkim", "missing.eml"], /^assay: missing\.eml: no such file or directory\n$/],
    [["dmarc", "no such thing"], /“no such thing” is neither a domain nor a file/],
    [["dmarc", "contoso.com", "--spf", "contoso.com"], /--spf wants DOMAIN=RESULT/],
    [["dmarc"], /missing required argument 'subject'/],
    [["learn"], /^assay: nothing to learn from: name a maildir/],
    [["learn", "x"], /^assay: name the store: --config FILE with memory\.url; or try --dry-run\n$/],
    [["learn", "--since", "3m", "x"], /--since wants a number of days, weeks or years/],
    [["learn", "--host", "a b", "x"], /--host wants the name of a host or a domain/],
    [["learn", "--dry-run", "-"], /standard input cannot be read twice/],
  ];
  for (const [args, says] of cases) {
    test(args.join(" "), async () => {
      const ran = await here(args);
      assert.match(ran.err, says);
      assert.deepEqual([ran.status, ran.out], [2, ""]);
    });
  }
  for (const [args, says] of [
    [["check", "--zone", "missing.yaml", "x"], /^assay: cannot read zone file missing\.yaml: no such file\n$/],
    [["check", "--zone", "package.json", "x"], /^assay: zone file package\.json: line \d+: .+\n$/],
    [["check", "--dns", "127.0.0.1:99999", "x"], /^assay: .*127\.0\.0\.1:99999/],
  ] as const) {
    test(args.join(" "), () => {
      const ran = assay(args);
      assert.match(ran.err, says);
      assert.deepEqual([ran.status, ran.out], [2, ""]);
    });
  }
  test("--help and --version go to stdout with status 0, each help with examples", async () => {
    assert.match(assay(["--version"]).out, /^assay \d+\.\d+\.\d+\n$/);
    for (const args of [
      ["--help"],
      ["check", "--help"],
      ["spf", "--help"],
      ["dkim", "--help"],
      ["arc", "--help"],
      ["dmarc", "--help"],
      ["learn", "--help"],
    ]) {
      const ran = await here(args);
      assert.deepEqual([ran.status, ran.err], [0, ""]);
      assert.match(ran.out, /\nExamples:\n {2}assay /);
    }
  });
});

describe("the examples tell their stories", () => {
  const stories: readonly (readonly [name: string, verdict: string, status: number, says: RegExp])[] = [
    ["bakery-at-a-hoster", "softpass 201", 0, /margies\.example of the From domain is in the client's network/],
    ["bank-with-p-reject", "fail 000", 1, /p=reject/],
    ["body-only-partly-signed", "fail 000", 1, /policy .*only a part of the body is signed/],
    ["bounce-with-null-sender", "pass 100", 0, /SPF {4}pass {3}mail\.tailspin\.example +belongs to tailspin\.example/],
    ["colleague-spf-only", "pass 100", 0, /by SPF/],
    ["dns-did-not-answer", "softpass 202", 3, /^\? softpass 202.*[\s\S]*Undecided/],
    ["forwarded-with-arc", "fail 000", 1, /ARC {4}pass {3}forwarder\.example +chain of 1, no sealer you trust/],
    ["idn-sender", "pass 100", 0, /post@müller\.example/],
    ["invoice-from-the-ceo", "fail 001", 1, /via 198\.51\.100\.7 \(mail\.evil\.example\)/],
    ["mailing-list-changed-the-body", "fail 000", 1, /the body was changed after signing, the signed header fields are intact/],
    ["museum-from-its-own-host", "pass 103", 0, /The client is mail\.lamna\.example/],
    ["name-shows-another-address", "pass 100", 0, /the display name shows another address: “Carla Mendes ceo@contoso\.com”/],
    ["newsletter-signed-by-its-domain", "pass 100", 0, /SPF {4}pass {3}bulkmail\.example +belongs to another organization/],
    ["over-ipv6-ed25519", "pass 100", 0, /via 2001:db8:25::25 \(mx6\.wingtip\.example\)/],
    ["signature-expired", "fail 001", 1, /the signature has expired/],
    ["small-shop-without-dmarc", "pass 109", 0, /bestguesspass +no record, would pass by SPF/],
    ["two-from-fields", "fail 001", 1, /more than one From field/],
  ];
  for (const [name, verdict, status, says] of stories) {
    test(`${name}: ${verdict}`, async () => {
      const ran = await here(["check", mail(name)]);
      assert.match(ran.out, new RegExp(`^[✓✗?] ${verdict} `));
      assert.match(ran.out, says);
      assert.deepEqual([ran.status, ran.err], [status, ""]);
      assert.ok(ran.out.split("\n").length <= 24, "one screen");
    });
  }
  test("the whole folder: in order, with totals", () => {
    const ran = assay(["check", ...zone, "examples/mail"]);
    assert.equal(ran.status, 3);
    assert.deepEqual(
      [...ran.out.matchAll(/^examples\/mail\/(.*)\.eml$/gm)].map(([, name]) => name),
      stories.map(([name]) => name),
    );
    assert.match(
      ran.out,
      /\n17 messages\n {2}pass 100 +6\n {2}pass 103 +1\n {2}pass 109 +1\n {2}softpass 201 +1\n {2}fail 000 +4\n {2}fail 001 +3\n {2}undecided +1\n$/,
    );
  });
});

describe("the envelope", () => {
  test("what is not given is read from the message, and the output says so", async () => {
    const ran = await here(["check", "--json", mail("invoice-from-the-ceo")]);
    const [line] = lines(ran);
    assert.deepEqual(line?.source, { file: mail("invoice-from-the-ceo"), index: 0 });
    assert.deepEqual(line?.read, {
      ip: "the Received field of mx.fabrikam.com",
      helo: "the Received field of mx.fabrikam.com",
      mailFrom: "Return-Path",
      tls: "the Received field of mx.fabrikam.com",
    });
    assert.deepEqual(
      [line?.transaction.ip, line?.transaction.helo, line?.transaction.mailFrom],
      ["198.51.100.7", "mail.evil.example", "billing@evil.example"],
    );
    assert.match(
      (await here(["check", mail("invoice-from-the-ceo")])).out,
      /Read from the message: client and HELO from the Received field of mx\.fabrikam\.com; envelope sender from Return-Path\./,
    );
  });
  test("what is given is taken", async () => {
    const given = [
      "--ip",
      "[IPv6:2001:DB8::1]",
      "--helo",
      "h.example",
      "--mail-from",
      "<>",
      "--rcpt-to",
      "ben@fabrikam.com",
      "--tls",
      "TLSv1.3",
    ];
    const [line] = lines(await here(["check", "--json", ...given, mail("invoice-from-the-ceo")]));
    assert.deepEqual(line?.read, { ip: null, helo: null, mailFrom: null, tls: null });
    assert.deepEqual([line?.transaction.ip, line?.transaction.helo, line?.transaction.mailFrom], ["2001:db8::1", "h.example", ""]);
    assert.deepEqual(line?.transaction.tls, { version: "TLSv1.3", cipher: null, subject: null });
  });
  test("--tls before a file name takes no value", async () => {
    const [line] = lines(await here(["check", "--json", "--tls", mail("invoice-from-the-ceo")]));
    assert.deepEqual(line?.transaction.tls, { version: null, cipher: null, subject: null });
  });
  test("no client to be found: SPF and iprev are none", async () => {
    const ran = await here(["check", "--json", "-"], "From: a@contoso.com\n\nx\n");
    const [line] = lines(ran) as (Line & { evidence: { spf: { result: string; reason: string }[]; iprev: { result: string } } })[];
    assert.deepEqual([line?.transaction.ip, line?.evidence.spf[0]?.result, line?.evidence.iprev.result], [null, "none", "none"]);
    assert.equal(ran.status, 1);
  });
});

describe("--config", () => {
  test("trust.networks, authserv_id and trust.sealers are obeyed", () => {
    const file = put(
      "assay.toml",
      'authserv_id = "mx.fabrikam.com"\n[trust]\nnetworks = ["198.51.100.0/24"]\nsealers = ["forwarder.example"]\n',
    );
    const ran = assay(["check", ...zone, "--config", file, "--json", mail("invoice-from-the-ceo"), mail("forwarded-with-arc")]);
    const [invoice, forwarded] = lines(ran) as (Line & { headers: string[]; evidence: { arc: { trusted: boolean } } })[];
    assert.equal(invoice?.transaction.ip, null);
    assert.match(invoice?.headers[0] ?? "", /^Authentication-Results: mx\.fabrikam\.com;/);
    assert.equal(forwarded?.evidence.arc.trusted, true);
  });
  test("stamp.compauth is obeyed", () => {
    const file = put("stamp.toml", "[stamp]\ncompauth = false\n");
    const stamp = (...more: string[]) =>
      String(assay(["check", ...zone, ...more, "--json", mail("idn-sender")]).out.includes("compauth=pass"));
    assert.deepEqual([stamp(), stamp("--config", file)], ["true", "false"]);
  });
  test("stamp.format, stamp.eop_recipient_domain and trust.local_milters are obeyed", () => {
    const message = put(
      "stamped.eml",
      "Authentication-Results: spf=pass smtp.mailfrom=a.example\nAuthentication-Results: rspamd.fabrikam.com; spf=pass; mx.fabrikam.com\n" +
        "From: a@contoso.com\n\nx\n",
    );
    const first = (name: string, text: string) => {
      const file = put(name, `authserv_id = "mx.fabrikam.com"\n[trust]\nlocal_milters = ["rspamd.fabrikam.com"]\n[stamp]\n${text}`);
      const envelope = ["--ip", "203.0.113.9", "--helo", "h.example", "--mail-from", "a@contoso.com"];
      const [line] = lines(assay(["check", ...zone, "--config", file, ...envelope, "--json", message])) as (Line & {
        headers: string[];
        removals: { name: string; index: number }[];
      })[];
      return [line?.headers[0]?.replaceAll("\r\n", ""), line?.headers.length, line?.removals.map(({ index }) => index)];
    };
    const tail = "dmarc=none action=none header.from=contoso.com";
    const head = "Authentication-Results: spf=none (sender IP is 203.0.113.9) smtp.mailfrom=contoso.com; ";
    assert.deepEqual(first("eop.toml", 'format = "eop"\n'), [
      `${head}dkim=none (message not signed) header.d=none;${tail};compauth=fail reason=001`,
      3,
      [1],
    ]);
    assert.deepEqual(first("older.toml", 'format = "eop"\neop_recipient_domain = "Fabrikam.com"\n'), [
      `${head}fabrikam.com; dkim=none (message not signed) header.d=none; fabrikam.com; ${tail}; compauth=fail reason=001`,
      3,
      [1],
    ]);
    const [rfc8601, count, removed] = first("rfc8601.toml", 'format = "rfc8601"\n');
    assert.match(String(rfc8601), /^Authentication-Results: mx\.fabrikam\.com; spf=none smtp\.mailfrom=contoso\.com; /);
    assert.deepEqual([count, removed], [2, []]);
  });
  test("dns.servers are asked, unless --zone answers instead", async () => {
    const server = await dnsServer((asked) => asked.reply({ answers: [], rcode: 3 }));
    const file = put("dns.toml", `[dns]\nservers = ["${server.address}"]\n`);
    const question = ["spf", "--config", file, "--ip", "192.0.2.25", "--sender", "ada@adatum.example"];
    assert.equal(assay([...question, ...zone]).status, 0);
    assert.equal(server.asked.length, 0);
    const child = spawn(process.execPath, [...program, ...question], { cwd: root, stdio: "ignore" });
    const [status] = (await once(child, "exit")) as [number | null];
    await server.close();
    assert.deepEqual([status, server.asked.map(({ lowerName, type }) => `${type} ${lowerName}`)], [0, ["TXT adatum.example"]]);
  });
  test("assay dmarc on a message obeys trust.networks as check does", () => {
    const file = put("relay.toml", '[trust]\nnetworks = ["192.0.2.25"]\n');
    const spfOf = (...more: string[]): number | null => assay(["dmarc", ...zone, ...more, mail("colleague-spf-only")]).status;
    assert.deepEqual([spfOf(), spfOf("--config", file)], [0, 1]);
  });
  test("a configuration with mistakes: all of them, exit status 2, nothing is inspected", () => {
    const file = put("wrong.toml", '[trust]\nnetworks = ["x"]\nsealrs = []\n');
    for (const args of [
      ["check", ...zone, "--config", file, mail("idn-sender")],
      ["config", "check", file],
    ]) {
      const ran = assay(args);
      assert.match(
        ran.err,
        /^assay: configuration file .*wrong\.toml:\n {2}line 2: trust\.networks\[0\]: .*\n {2}line 3: trust\.sealrs: .*did you mean trust\.sealers\?\n$/,
      );
      assert.deepEqual([ran.status, ran.out], [2, ""]);
    }
    assert.match(
      assay(["check", "--config", "missing.toml", "x"]).err,
      /^assay: cannot read configuration file missing\.toml: no such file\n$/,
    );
  });
  test("nothing but mail is read from the inspected directory", () => {
    put("folder/assay.toml", "this is no configuration");
    put("folder/zone.yaml", "- [");
    put("folder/a.eml", readFileSync(join(root, mail("idn-sender"))));
    assert.deepEqual([assay(["check", ...zone, join(folder, "folder")]).status], [0]);
  });
});

describe("--json", () => {
  test("one inspection a line, source first, in input order whatever --jobs", () => {
    for (let i = 0; i < 40; i++)
      put(
        `many/${String(i).padStart(2, "0")}.eml`,
        `${readFileSync(join(root, mail("idn-sender")), "utf8")}${"x\n".repeat((i * 7919) % 5000)}`,
      );
    put("many/17b.eml", "");
    const args = ["check", ...zone, "--json", join(folder, "many")];
    const plain = (ran: Ran): string[] => lines(ran).map(({ source, verdict, error }) => `${source.file} ${error?.code ?? verdict.reason}`);
    const one = assay(args);
    assert.equal(one.status, 2);
    assert.match(one.out, /^\{"source":\{"file":"/);
    assert.equal(lines(one).length, 41);
    for (const jobs of ["2", "5"]) assert.deepEqual(plain(assay([...args, "--jobs", jobs])), plain(one));
  });
  test("every line of an inspection is what the published schema says, with --trace and --mode compare too", async () => {
    for (const more of [[], ["--trace"], ["--mode", "compare", "--tls"]]) {
      const ran = await here(["check", "--json", ...more, "examples/mail"]);
      assert.equal(lines(ran).length, 17);
      for (const line of lines(ran)) {
        const { success, error } = publishedSchema.safeParse(line);
        assert.ok(success, `${line.source.file}: ${error?.message}`);
      }
    }
  });
  test("an unreadable one is { source, error }, and the rest goes on", () => {
    const dir = join(folder, "unreadable");
    put("unreadable/a.eml", "");
    put("unreadable/b.eml", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 10, 1, 2]));
    put("unreadable/d.eml", readFileSync(join(root, mail("idn-sender"))));
    symlinkSync(".", join(dir, "c"));
    const ran = assay(["check", ...zone, "--json", dir, "missing.eml"]);
    assert.deepEqual(
      lines(ran).map((line) => line.error?.code ?? line.verdict.reason),
      ["empty", "no-header", "directory-loop", "100", "not-found"],
    );
    assert.deepEqual(Object.keys(lines(ran)[0] ?? {}), ["source", "error"]);
    assert.equal(ran.status, 2);
    const told = assay(["check", ...zone, dir, "missing.eml"]);
    assert.equal(told.err.trimEnd().split("\n").length, 4, told.err);
    for (const line of told.err.trimEnd().split("\n")) assert.match(line, /^assay: .+: .+$/);
  });
  test("mbox and maildir, numbered from 0", () => {
    const text = readFileSync(join(root, mail("colleague-spf-only")), "utf8");
    const mbox = put(
      "box",
      `From ada@adatum.example Tue Jun  3 08:00:00 2025\n${text}\nFrom x@y.example Tue Jun  3 08:00:00 2025\n${text}\n`,
    );
    put("md/cur/1:2,S", text);
    mkdirSync(join(folder, "md/new"), { recursive: true });
    const ran = assay(["check", ...zone, "--json", mbox, join(folder, "md"), "-"], readFileSync(mbox));
    assert.deepEqual(
      lines(ran).map(({ source }) => [source.file.replace(folder, ""), source.index]),
      [
        ["/box", 0],
        ["/box", 1],
        ["/md/cur/1:2,S", 0],
        ["-", 0],
        ["-", 1],
      ],
    );
    assert.equal(ran.status, 0);
  });
  test("--trace adds every DNS question", async () => {
    const [line] = lines(await here(["check", "--json", "--trace", mail("invoice-from-the-ceo")]));
    const asked = (line?.trace ?? []).map(({ lane, name }) => `${lane} ${name}`);
    assert.ok(asked.includes("author _dmarc.contoso.com"), asked.join(", "));
    assert.ok(asked.includes("mailfrom evil.example"));
    assert.ok((line?.trace ?? []).every(({ left }) => left >= 0));
  });
});

describe("exit status (contract: 0 pass, 1 fail, 2 unreadable, 3 undecided; of a batch the first of 2, 3, 1, 0)", () => {
  const pass = mail("colleague-spf-only");
  const fail = mail("invoice-from-the-ceo");
  const undecided = mail("dns-did-not-answer");
  const missing = "missing.eml";
  const cases: readonly (readonly [files: readonly string[], status: number])[] = [
    [[pass], 0],
    [[fail], 1],
    [[missing], 2],
    [[undecided], 3],
    [[pass, fail], 1],
    [[fail, undecided, pass], 3],
    [[undecided, fail, missing, pass], 2],
  ];
  for (const [files, status] of cases) {
    test(`${files.map((file) => file.replace(/.*\//, "")).join(" ")}: ${status}`, async () =>
      assert.equal((await here(["check", ...files])).status, status));
  }
});

describe("attack: text of a message never acts on the terminal", () => {
  test("escape sequences and reordering in display name, HELO, Return-Path, file name", async () => {
    const file = put(
      "x\x1b[31m\u202e.eml",
      'Return-Path: <a\x1b[2J@evil.example>\nReceived: from \x1b[5mh (x\x07 [198.51.100.7])\n\tby \u009bmx; x\nFrom: "\x1b]0;owned\x07 ceo@contoso.com \u202emoc" <a@evil.example>\n\nx\n',
    );
    for (const args of [[file], [file, file], ["--trace", file], ["--json", file]]) {
      const { out, err } = await here(["check", ...args]);
      assert.doesNotMatch(out + err, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/, args.join(" "));
      assert.doesNotMatch(out + err, /[\u202a-\u202e\u2066-\u2069]/);
    }
  });
  test("a real process writes no colour into a pipe", () => {
    assert.equal(assay(["check", ...zone, mail("idn-sender")]).out.includes("\x1b"), false);
  });
});

describe("processes", () => {
  const started: ChildProcess[] = [];
  after(() => {
    for (const child of started) child.kill("SIGKILL");
  });

  test("a reader that leaves early (| head) ends it quietly", () => {
    const command = `"${process.execPath}" --import ./test/no-dns.ts src/main.ts check --json --zone examples/zone.yaml ${Array.from({ length: 30 }, () => "examples/mail").join(" ")} | head -n 1`;
    const { stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: root, encoding: "utf8" });
    assert.equal(stdout.split("\n").length, 2);
    assert.equal(stderr, "");
  });

  test("results that cannot be written are no results", { skip: !existsSync("/dev/full") && "no /dev/full here" }, () => {
    const command = `"${process.execPath}" src/main.ts check --zone examples/zone.yaml ${mail("idn-sender")} > /dev/full`;
    const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: root, encoding: "utf8" });
    assert.deepEqual([status, stderr], [3, "assay: cannot write the results: ENOSPC\n"]);
  });

  test("SIGINT ends it by that signal, quietly", async () => {
    const child = spawn(process.execPath, [...program, "check", ...zone, "-"], { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
    started.push(child);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdin.write("From: a@contoso.com\n");
    setTimeout(() => child.kill("SIGINT"), 1500);
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.on("exit", (...how) => resolve(how)));
    assert.deepEqual([code, signal, said], [null, "SIGINT", ""]);
  });
});

describe("one mechanism, with every DNS question", () => {
  const cases: readonly (readonly [args: readonly string[], status: number, says: RegExp])[] = [
    [
      ["spf", "--ip", "192.0.2.25", "--sender", "ada@adatum.example"],
      0,
      /^✓ pass {3}adatum\.example {3}for 192\.0\.2\.25\n {2}Matches mx\.\n[\s\S]*mailfrom {2}MX {5}adatum\.example {7}10 mail\.adatum\.example {2}\d+ ms, \d+ left/,
    ],
    [["spf", "--ip", "203.0.113.1", "--mail-from", "ada@adatum.example"], 1, /^✗ fail {3}adatum\.example.*\n {2}Matches -all\./],
    [["spf", "--ip", "192.0.2.60", "--helo", "mail.tailspin.example"], 0, /^✓ pass {3}mail\.tailspin\.example/],
    [["spf", "--ip", "192.0.2.60", "--sender", "a@contoso.com"], 0, /^– none {3}contoso\.com.*\n {2}Publishes no SPF record\./],
    [
      ["dkim", mail("idn-sender")],
      0,
      /^✓ pass {3}xn--mller-kva\.example, selector post\n {2}header pass, body pass; rsa-sha256, 2048 bits/,
    ],
    [["dkim", mail("mailing-list-changed-the-body")], 1, /^✗ fail {3}litware\.example, selector k1 {3}.*body/],
    [["dkim", mail("colleague-spf-only")], 0, /^– none {3}not signed/],
    [
      ["arc", mail("forwarded-with-arc")],
      0,
      /^✓ pass {3}chain of 1\n {2}The newest sealer is forwarder\.example: you do not trust it.*\n {4}i=1 {2}forwarder\.example {2}cv=none {2}dkim=pass dmarc=pass/,
    ],
    [["arc", mail("idn-sender")], 0, /^– none {3}no ARC set/],
    [["dmarc", "bank.example"], 0, /^– none {3}bank\.example.*\n {2}The record at _dmarc\.bank\.example asks for p=reject\./],
    [["dmarc", "bank.example", "--spf", "bounce.bank.example=pass", "--dkim", "evil.example=pass"], 0, /^✓ pass {3}bank\.example/],
    [["dmarc", "bank.example", "--dkim", "evil.example=pass"], 1, /^✗ fail {3}bank\.example/],
    [["dmarc", "slow.example", "--spf", "slow.example=fail"], 3, /^\? temperror {3}slow\.example/],
    [["dmarc", "contoso.com", "--spf", "evil.example=pass"], 0, /^– none {3}contoso\.com/],
    [["dmarc", mail("small-shop-without-dmarc")], 0, /^✓ bestguesspass {3}woodgrove\.example/],
  ];
  for (const [args, status, says] of cases) {
    test(args.join(" "), async () => {
      const ran = await here(args);
      assert.match(ran.out, says);
      assert.deepEqual([ran.status, ran.err], [status, ""]);
    });
  }
  test("--json: one object with its trace", async () => {
    const value = JSON.parse((await here(["spf", "--ip", "192.0.2.25", "--sender", "ada@adatum.example", "--json"])).out) as {
      result: string;
      trace: { lane: string; records: unknown[] }[];
    };
    assert.equal(value.result, "pass");
    assert.deepEqual(value.trace[0]?.records, ["v=spf1 mx -all"]);
  });
});
