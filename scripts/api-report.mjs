// SPDX-License-Identifier: Apache-2.0
// Writes api/*.api.md, the public API of each entry, from the built declarations. With --check it only compares.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { allEntries, root, temporaryDirectory } from "./workspace.mjs";

const check = process.argv.includes("--check");
const reports = path.join(root, "api");
const fresh = temporaryDirectory("api");

/** @param {import("./workspace.mjs").Entry} entry */
function report(entry) {
  if (!existsSync(entry.types)) throw new Error(`${entry.types} is missing: run \`npm run build\` first`);
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: path.join(entry.home, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: entry.home,
      mainEntryPointFilePath: entry.types,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "ES2022",
            module: "NodeNext",
            lib: ["ES2023", "ESNext.Disposable", "DOM"],
            types: ["node"],
            strict: true,
            // The declarations keep the `.ts` specifiers of the sources.
            allowImportingTsExtensions: true,
            noEmit: true,
            skipLibCheck: true,
          },
          files: [entry.types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: entry.name,
        reportFolder: fresh,
        reportTempFolder: path.join(fresh, "temp"),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Error },
          "ae-missing-release-tag": { logLevel: ExtractorLogLevel.None },
          "ae-undocumented": { logLevel: ExtractorLogLevel.None },
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.None },
          "ae-unresolved-link": { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      },
    },
  });
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
    },
  });
  if (!succeeded) throw new Error(`API Extractor found errors in ${entry.specifier}`);
  return readFileSync(path.join(fresh, `${entry.name}.api.md`), "utf8").replaceAll("\r\n", "\n");
}

mkdirSync(reports, { recursive: true });
const wanted = new Map(allEntries().map((entry) => [`${entry.name}.api.md`, report(entry)]));
/** @type {string[]} */
const differences = [];
for (const [file, text] of wanted) {
  const target = path.join(reports, file);
  if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
  differences.push(file);
  if (!check) writeFileSync(target, text);
}
for (const file of readdirSync(reports)) {
  if (!file.endsWith(".api.md") || wanted.has(file)) continue;
  differences.push(file);
  if (!check) rmSync(path.join(reports, file));
}
if (check && differences.length > 0) {
  console.error(
    `the public API changed: ${differences.join(", ")}; run \`npm run api\` and review the difference`,
  );
  process.exitCode = 1;
} else {
  console.log(`${wanted.size} API reports, ${differences.length} changed`);
}
