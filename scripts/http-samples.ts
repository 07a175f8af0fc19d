/**
 * The ```console samples of docs/http.md: starts the door with the examples' zone, asks as each curl command says, and rewrites the page with
 * what is answered now: `node scripts/http-samples.ts`. It reads the few options of curl, jq and nc that the page uses; the clock stands still.
 * A test compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { openHttpDoor } from "../src/doors/http/http-door.ts";
import { openService } from "../src/gateway/dialogue/dialogue.ts";
import { listenAt } from "../src/system/listening.ts";
import { openMetrics } from "../src/system/metrics.ts";
import { zoneResolver } from "../src/system/zone-resolver.ts";

const root = new URL("../", import.meta.url);
const page = new URL("docs/http.md", root);
const sample = /```console\n\$ ((?:.*\\\n)*.*)\n([\s\S]*?)```/g;
const toldPort = 8890;

export type Sample = { readonly command: string; readonly printed: string };

export function samples(): readonly Sample[] {
  return [...readFileSync(page, "utf8").matchAll(sample)].map(([, command = "", printed = ""]) => ({ command, printed }));
}

/** What each command prints, one after the other at one door. */
export async function runSamples(commands: readonly string[]): Promise<readonly string[]> {
  const clock = (): number => Date.parse("2026-11-22T10:00:00Z");
  const metrics = openMetrics({ version: "0.1.0" });
  const service = openService({
    ...{ clock, random: () => 0.5, memory: null, observer: metrics.observer },
    resolver: zoneResolver(readFileSync(new URL("examples/zone.yaml", root), "utf8")),
    rules: () => ({ policy: {}, policyVersion: null, authservId: "mx.fabrikam.com", journal: undefined, deferralsMax: 3, messagesMax: 10 }),
  });
  const at = { kind: "inet", host: "127.0.0.1", port: 0 } as const;
  const habits = () => ({ tokens: [], messageBytesMax: 50 * 1024 * 1024 });
  const door = await openHttpDoor(
    { at, habits, version: "0.1.0", connectionsMax: 10 },
    {
      ...{ service, clock, listen: listenAt, onConnection: metrics.onConnection, metrics: () => metrics.text() },
      ready: async () => [
        { name: "doors", ok: true, why: null },
        { name: "dns", ok: true, why: null },
        { name: "store", ok: true, why: null },
        { name: "configuration", ok: true, why: null },
      ],
      onFault: (error) => {
        throw error;
      },
    },
  );
  try {
    const port = Number(/[0-9]+$/.exec(door.place)?.[0]);
    const printed: string[] = [];
    for (const command of commands) printed.push(await told(command, port));
    return printed;
  } finally {
    await door.close(0);
    metrics.close();
  }
}

async function told(command: string, port: number): Promise<string> {
  if (command.endsWith(` | nc 127.0.0.1 ${toldPort}`)) return octetsTold(command, port);
  const [curl = "", filter] = command.replaceAll("\\\n", " ").split(" | ");
  const answer = await asked(words(curl), port);
  if (filter === undefined) return answer;
  const paths = words(filter)[1]?.split(",") ?? [];
  return paths.map((path) => `${JSON.stringify(at(JSON.parse(answer), path), null, 2)}\n`).join("");
}

/** `M=FILE; { printf 'FORMAT' "$(wc -c < $M)"; cat $M; } | nc …`: what comes back until the connection ends. */
function octetsTold(command: string, port: number): Promise<string> {
  const [, file = "", format = ""] = /^M=(\S+); \{ printf '([^']*)' "\$\(wc -c < \$M\)"; cat \$M; \} \| nc /.exec(command) ?? [];
  const message = readFileSync(new URL(file, root));
  const head = format.replaceAll("\\r", "\r").replaceAll("\\n", "\n").replace("%d", String(message.length));
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.concat([Buffer.from(head), message])));
    socket.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    socket.on("error", reject);
    // A terminal shows no carriage return, and the page no empty last line.
    socket.on("close", () => resolve(text.replaceAll("\r\n", "\n").replace(/\n\n$/, "\n")));
  });
}

/** As a shell splits them: single quotes, double quotes, blanks. */
function words(text: string): readonly string[] {
  return [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? "");
}

function at(value: unknown, path: string): unknown {
  const keys = [...path.matchAll(/\.([A-Za-z_]+)|\."([^"]+)"|\[([0-9]+)\]/g)].map(
    ([, plain, quoted, index]) => plain ?? quoted ?? index ?? "",
  );
  return keys.reduce<unknown>(
    (inside, key) => (typeof inside === "object" && inside !== null ? Reflect.get(inside, key) : undefined),
    value,
  );
}

function asked([, ...options]: readonly string[], port: number): Promise<string> {
  const headers: [string, string][] = [["Host", "127.0.0.1:8890"]];
  let url = "";
  let body: string | Buffer | null = null;
  for (let i = 0; i < options.length; i += 1) {
    const option = options[i] ?? "";
    if (option === "-s") continue;
    if (option === "-H") {
      const [name = "", value = ""] = (options[++i] ?? "").split(/: ?(.*)/s);
      headers.push([name, value]);
    } else if (option === "--data-binary" || option === "-d") {
      const data = options[++i] ?? "";
      body = data.startsWith("@") ? readFileSync(new URL(data.slice(1), root)) : data;
    } else if (option.startsWith("http")) url = option;
    else throw new Error(`the page's samples know no ${option}`);
  }
  return new Promise((resolve, reject) => {
    const target = url.replace(`:${toldPort}`, `:${port}`);
    const sent = request(target, { method: body === null ? "GET" : "POST", headers: headers.flat() }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject);
    sent.end(body ?? undefined);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(page, "utf8");
  const printed = await runSamples(samples().map(({ command }) => command));
  let next = 0;
  writeFileSync(
    page,
    text.replace(sample, (_, command: string) => `\`\`\`console\n$ ${command}\n${printed[next++] ?? ""}\`\`\``),
  );
}
