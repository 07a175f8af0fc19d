import assert from "node:assert/strict";
import test from "node:test";
import { keyLines, lineOf } from "./key-lines.ts";

const toml = `# comment = 1

first = 1
a.b . "c d" = 2
[table] # [not]
text = """
not = a key
[nor] a table
""" # end
list = [
  1, # ] no end
  { x = "]" },
]
'quoted' = '''
x = 1'''
[[ many ]]
k = 1
[[many]]
k = 2
`;

test("key lines: tables, lists of tables, dotted and quoted keys; nothing inside strings, lists and comments", () => {
  assert.deepEqual(Object.fromEntries(keyLines(toml)), {
    first: 3,
    "a.b.c d": 4,
    table: 5,
    "table.text": 6,
    "table.list": 10,
    "table.quoted": 14,
    "many[0]": 16,
    "many[0].k": 17,
    "many[1]": 18,
    "many[1].k": 19,
  });
});

test("key lines: Windows line ends count once", () => {
  assert.deepEqual([...keyLines("a = 1\r\n\r\nb = 2\r\n").values()], [1, 3]);
});

test("key lines: what has no line of its own has that of the key around it", () => {
  const lines = keyLines(toml);
  assert.equal(lineOf(lines, "table.list[1].x"), 10);
  assert.equal(lineOf(lines, "many[1].missing"), 18);
  assert.equal(lineOf(lines, "nowhere"), null);
  assert.equal(lineOf(lines, ""), null);
});
