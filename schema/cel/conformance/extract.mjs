// extract.mjs: cel-spec's official conformance tests as one JSON file, for cel_conformance_test.cc.
//
//   node schema/cel/conformance/extract.mjs build/cel_conformance.json
//   CEL_CONFORMANCE_JSON=build/cel_conformance.json build/.../schema_test --gtest_filter='CelConformance*'
//
// The tests come from the npm package @bufbuild/cel-spec (Apache-2.0), which republishes them; the version and the
// hash of its archive are pinned, since its data is a module that is executed. skipped.txt is applied here.
// An unpacked package can be given as a second argument where there is no registry.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const PACKAGE = "@bufbuild/cel-spec@0.6.1";
const SHA512 =
  "9b401cf6a03aebdcb1c42d07cb8e6a1ac5197a68c89957f13e5eabf632db909be212fbf747d8526321f622d1916c382e7a45fa78877471beb6ba53412bdedece";

function fetchPackage(directory) {
  const quiet = { cwd: directory, stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" };
  const archive = execFileSync("npm", ["pack", "--silent", PACKAGE], quiet).trim().split("\n").pop();
  const hash = createHash("sha512").update(readFileSync(join(directory, archive))).digest("hex");
  if (hash !== SHA512) throw new Error(`${PACKAGE} has hash ${hash}, which is not the one pinned here`);
  execFileSync("tar", ["xzf", archive], quiet);
  return join(directory, "package");
}

// Lines `SECTION: reason`, `SECTION/GROUP: reason` (not run) and `SECTION/GROUP/NAME: reason` (run, must fail).
function readSkipped() {
  const path = join(dirname(fileURLToPath(import.meta.url)), "skipped.txt");
  const skipped = new Map();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(": ");
    if (colon < 0) throw new Error(`skipped.txt: no reason in "${line}"`);
    skipped.set(line.slice(0, colon), line.slice(colon + 2));
  }
  return skipped;
}

function collect(root, skipped) {
  const tests = [];
  const unused = new Set(skipped.keys());
  const find = (key) => {
    unused.delete(key);
    return skipped.get(key);
  };
  for (const section of root.suites) {
    const sectionReason = find(section.name);
    for (const group of section.suites ?? []) {
      const groupReason = sectionReason ?? find(`${section.name}/${group.name}`);
      for (const test of group.tests ?? []) {
        const id = `${section.name}/${group.name}/${test.original.name}`;
        const out = { id, ...test.original, celGoType: test.type };
        delete out.description;
        if (groupReason !== undefined) out.notRun = groupReason;
        const reason = groupReason === undefined ? find(id) : undefined;
        if (reason !== undefined) out.mustFail = reason;
        tests.push(out);
      }
    }
  }
  if (unused.size > 0) throw new Error(`skipped.txt names what does not exist: ${[...unused].join(", ")}`);
  return tests;
}

const [output, unpacked] = process.argv.slice(2);
if (output === undefined) throw new Error("usage: node extract.mjs OUTPUT [UNPACKED_PACKAGE]");
const scratch = mkdtempSync(join(tmpdir(), "cel-spec-"));
try {
  const directory = unpacked !== undefined ? resolve(unpacked) : fetchPackage(scratch);
  const data = await import(pathToFileURL(join(directory, "dist/esm/testdata/conformance.js")));
  const tests = collect(data.tests, readSkipped());
  writeFileSync(output, JSON.stringify(tests));
  console.log(`${tests.length} tests written to ${output}`);
} finally {
  rmSync(scratch, { recursive: true });
}
