/**
 * `npm run bench:round-trips [-- --json] [-- --trace]`: sequential DNS round trips of Assay and mailauth for ordinary messages, counted as
 * bench/rounds.ts says. Exit status 1 where Assay needs more than three.
 */
import { parseArgs } from "node:util";
import { assayRounds, mailauthRounds, ordinaryMail } from "./rounds.ts";

const roundsMax = 3;
const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, trace: { type: "boolean", default: false } },
});
const rows: { title: string; assay: number; mailauth: number }[] = [];
for (const ordinary of ordinaryMail(Math.floor(Date.now() / 1000) - 3600)) {
  const ours = await assayRounds(ordinary);
  const theirs = await mailauthRounds(ordinary);
  rows.push({ title: ordinary.title, assay: ours.length, mailauth: theirs.length });
  if (options.trace) {
    for (const [name, rounds] of [["assay", ours] as const, ["mailauth", theirs] as const]) {
      for (const [i, questions] of rounds.entries()) console.error(`${ordinary.title}: ${name} ${i + 1}: ${questions.join(", ")}`);
    }
  }
}
if (options.json) console.log(JSON.stringify(rows));
else {
  console.log("sequential DNS round trips".padEnd(46), "Assay", "mailauth");
  for (const row of rows) console.log(row.title.padEnd(46), String(row.assay).padStart(5), String(row.mailauth).padStart(8));
}
const late = rows.filter(({ assay }) => assay > roundsMax);
for (const row of late) console.error(`✗ ${row.title}: ${row.assay} round trips, the bound is ${roundsMax}`);
process.exitCode = late.length > 0 ? 1 : 0;
