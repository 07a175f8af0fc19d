import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openItem } from "./open-item.ts";
import { type Item, walk } from "./sources.ts";

let root = "";
const mail = (subject: string): string => `From: a@contoso.com\r\nSubject: ${subject}\r\n\r\nbody\r\n`;

before(() => {
  root = mkdtempSync(join(tmpdir(), "assay-sources-"));
});
after(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string | Uint8Array): string {
  const full = join(root, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, content);
  return full;
}

async function* nobody(): AsyncGenerator<Uint8Array> {}

async function* bytes(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

/** One line an item: file relative to the root, index, and the Subject or the error's code. */
async function list(operands: readonly string[], stdin: AsyncIterable<Uint8Array> = nobody()): Promise<string[]> {
  const lines: string[] = [];
  for await (const item of walk(operands, stdin))
    lines.push(`${item.source.file.replace(`${root}/`, "")} ${item.source.index} ${await tell(item)}`);
  return lines;
}

async function tell(item: Item): Promise<string> {
  if (item.kind === "trouble") return item.error.code;
  const opened = await openItem(item);
  if (!opened.ok) return opened.error.code;
  const parts: Uint8Array[] = [];
  if (opened.message instanceof Uint8Array) parts.push(opened.message);
  else for await (const chunk of opened.message) parts.push(chunk);
  const text = Buffer.concat(parts).toString("latin1");
  return `${/^Subject: (.*?)\r?$/m.exec(text)?.[1] ?? "?"} ${text.length}${opened.sender === null ? "" : ` ${opened.sender}`}`;
}

describe("the walk", () => {
  test("a directory: *.eml alone, below too, sorted; other names are not opened", async () => {
    put("dir/b.eml", mail("b"));
    put("dir/a.EML", mail("a"));
    put("dir/sub/c.eml", mail("c"));
    put("dir/notes.txt", mail("never"));
    put("dir/config.toml", "x = 1");
    assert.deepEqual(await list([join(root, "dir")]), ["dir/a.EML 0 a 41", "dir/b.eml 0 b 41", "dir/sub/c.eml 0 c 41"]);
  });

  test("a file that is named is read whatever its name", async () => {
    assert.deepEqual(await list([put("dir/notes.txt", mail("named"))]), ["dir/notes.txt 0 named 45"]);
  });

  test("a maildir: cur and new, any name, tmp never; subfolders of Maildir++", async () => {
    for (const folder of ["cur", "new", "tmp", ".Sent/cur", ".Sent/new"]) mkdirSync(join(root, "maildir", folder), { recursive: true });
    put("maildir/cur/1700.M1.host:2,S", mail("seen"));
    put("maildir/new/1701.M2.host", mail("fresh"));
    put("maildir/tmp/1702.M3.host", mail("unfinished"));
    put("maildir/cur/.hidden", mail("hidden"));
    put("maildir/.Sent/cur/1703.M4.host:2,S", mail("sent"));
    put("maildir/dovecot-uidlist", "3 V1");
    assert.deepEqual(await list([join(root, "maildir")]), [
      "maildir/cur/1700.M1.host:2,S 0 seen 44",
      "maildir/new/1701.M2.host 0 fresh 45",
      "maildir/.Sent/cur/1703.M4.host:2,S 0 sent 44",
    ]);
  });

  test("an empty maildir has no messages, and that is no error", async () => {
    for (const folder of ["cur", "new"]) mkdirSync(join(root, "bare", folder), { recursive: true });
    assert.deepEqual(await list([join(root, "bare")]), []);
  });

  test("an mbox: numbered, unquoted, with the sender of its From_ lines", async () => {
    const text = "From ada@contoso.com x\nSubject: one\n\n>From here\n\nFrom - x\nSubject: two\n\n>>From there\n\n";
    const expected = (name: string): string[] => [`${name} 0 one 24 ada@contoso.com`, `${name} 1 two 26`];
    assert.deepEqual(await list([put("mail.mbox", text)]), expected("mail.mbox"));
    assert.deepEqual(await list(["-"], bytes(text.slice(0, 3), text.slice(3, 40), text.slice(40))), expected("-"));
  });

  test("standard input: one message, in order with other operands", async () => {
    const file = put("x.eml", mail("x"));
    assert.deepEqual(await list(["-", file], bytes("Su", "bject: piped\n\nb")), ["- 0 piped 17", "x.eml 0 x 41"]);
  });

  test("a named pipe", async (t) => {
    const path = join(root, "pipe");
    try {
      execFileSync("mkfifo", [path]);
    } catch {
      t.skip("no mkfifo here");
      return;
    }
    const writer = spawn("sh", ["-c", `printf 'Subject: through\\n\\nb' > '${path}'`]);
    assert.deepEqual(await list([path]), ["pipe 0 through 19"]);
    writer.kill();
  });

  test("a pipe inside a directory is not waited for", async (t) => {
    put("piped/a.eml", mail("a"));
    try {
      execFileSync("mkfifo", [join(root, "piped/b.eml")]);
    } catch {
      t.skip("no mkfifo here");
      return;
    }
    assert.deepEqual(await list([join(root, "piped")]), ["piped/a.eml 0 a 41"]);
  });
});

describe("one bad item never stops the rest", () => {
  test("empty, binary, truncated, missing and looping items, one line each", async () => {
    const dir = join(root, "bad");
    put("bad/a-empty.eml", "");
    put("bad/b-binary.eml", Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0x: y\n", "latin1"));
    put("bad/c-truncated.eml", "From: a@contoso.com\r\nSubject: cut");
    put("bad/d-body-only.eml", "\n\njust text\n");
    put("bad/e-mbox-line.eml", "From ");
    symlinkSync(join(dir, "nowhere"), join(dir, "f-broken-link.eml"));
    symlinkSync("g-self.eml", join(dir, "g-self.eml"));
    mkdirSync(join(dir, "h"));
    symlinkSync("..", join(dir, "h", "up"));
    put("bad/i-good.eml", mail("good"));
    assert.deepEqual(await list([dir, join(root, "missing.eml")]), [
      "bad/a-empty.eml 0 empty",
      "bad/b-binary.eml 0 no-header",
      "bad/c-truncated.eml 0 cut 33",
      "bad/d-body-only.eml 0 no-header",
      "bad/e-mbox-line.eml 0 no-header",
      "bad/f-broken-link.eml 0 not-found",
      "bad/g-self.eml 0 directory-loop",
      "bad/h/up 0 directory-loop",
      "bad/i-good.eml 0 good 44",
      "missing.eml 0 not-found",
    ]);
  });

  test("two links to one directory: its messages once", async () => {
    put("twice/one/a.eml", mail("a"));
    symlinkSync("one", join(root, "twice", "two"));
    assert.deepEqual(await list([join(root, "twice")]), ["twice/one/a.eml 0 a 41"]);
  });

  test("a named directory without mail says so", async () => {
    put("none/readme.txt", "x");
    assert.deepEqual(await list([join(root, "none")]), ["none 0 no-message"]);
  });

  test("random bytes are no mail, though a line of them may look like a field", async () => {
    const noise = Buffer.concat([Buffer.from("x: y\r\n\0\0"), Buffer.alloc(4096, 0x41)]);
    assert.deepEqual(await list([put("noise", noise)]), ["noise 0 no-header"]);
  });

  test("a header past its limits is mail all the same", async () => {
    assert.match((await list([put("long.eml", `From: ${"x".repeat(3_000_000)}`)]))[0] ?? "", /^long.eml 0 \? 3000006$/);
  });
});
