/** `assay serve` as a child process, with its log as it comes. Everything on loopback; the process is ended by its id. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const zone = `good.example: [{ TXT: "v=spf1 ip4:192.0.2.1 -all" }]\n_dmarc.good.example: [{ TXT: "v=DMARC1; p=reject" }]\n`;

export type Line = { readonly message: string; readonly [key: string]: unknown };

export class Serving {
  readonly folder: string;
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  errors = "";
  readonly ended: Promise<number | NodeJS.Signals>;
  #onLine: () => void = () => {};

  /** Programs in `bin` below its folder are found before others. */
  constructor(toml: string, folder: string = mkdtempSync(join(tmpdir(), "assay-serve-"))) {
    this.folder = folder;
    this.configure(toml);
    writeFileSync(join(folder, "zone.yaml"), zone);
    const args = [main, "serve", "--config", join(folder, "assay.toml"), "--zone", join(folder, "zone.yaml")];
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"]}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.lines.push(JSON.parse(part));
      this.#onLine();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#onLine();
        resolve(code ?? signal ?? 0);
      });
    });
  }

  configure(toml: string): void {
    writeFileSync(join(this.folder, "assay.toml"), toml.replaceAll("FOLDER", this.folder));
  }

  /** The lines of this message, once there are so many; throws where the process ends before. */
  async said(message: string, times = 1): Promise<readonly Line[]> {
    for (;;) {
      const found = this.lines.filter((line) => line.message === message);
      if (found.length >= times) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`it ended: ${this.errors}`);
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
  }

  /** Where this door listens, without the kind. */
  async place(door: string): Promise<string> {
    await this.said("ready");
    const found = this.lines.findLast((line) => line.message === "listening" && line["door"] === door);
    return String(found?.["place"]).replace(/^(?:inet|unix):/, "");
  }

  async inspect(from: string, recipient = "bob@us.example"): Promise<{ readonly policyVersion: string; readonly id: string }> {
    const query = new URLSearchParams({ ip: "192.0.2.1", helo: "mail.good.example", mail_from: from, rcpt_to: recipient });
    const response = await fetch(`http://${await this.place("http")}/v1/inspect?${query}`, {
      method: "POST",
      headers: { "content-type": "message/rfc822" },
      body: `From: <${from}>\r\nMessage-ID: <${Math.random()}@good.example>\r\nSubject: x\r\n\r\nbody\r\n`,
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as { policyVersion: string; id: string };
  }

  async stop(): Promise<number | NodeJS.Signals> {
    this.child.kill("SIGTERM");
    return this.ended;
  }

  async remove(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
