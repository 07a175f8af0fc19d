#!/usr/bin/env node
// The command of the installed package. Plain JavaScript, so that an older Node.js reads it far enough to be told.
const major = Number(process.versions.node.split(".")[0]);
if (major >= 24) {
  import("../dist/main.js");
} else {
  process.stderr.write(`assay: needs Node.js 24 or newer; this is ${process.versions.node}\n`);
  process.exitCode = 69;
}
