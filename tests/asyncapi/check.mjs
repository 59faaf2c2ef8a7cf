// Reads an AsyncAPI document with AsyncAPI's own parser; prints what it finds as JSON.
// node check.mjs FOLDER_OF_NODE_MODULES DOCUMENT
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, file] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const { Parser } = require("@asyncapi/parser");
const { AvroSchemaParser } = require("@asyncapi/avro-schema-parser");

const parser = new Parser();
parser.registerSchemaParser(AvroSchemaParser());
const { document, diagnostics } = await parser.parse(readFileSync(file, "utf8"));
const problems = diagnostics
  .filter((each) => each.severity <= 1) // errors and warnings
  .map((each) => `${each.path.join(".")}: ${each.message}`);
const channels = {};
for (const channel of document?.allChannels().all() ?? []) {
  channels[channel.address()] = channel.messages().all().map((message) => ({
    name: message.name(),
    headers: Object.keys(message.headers()?.properties() ?? {}),
    fields: Object.keys(message.payload()?.properties() ?? {}),
  }));
}
console.log(JSON.stringify({ problems, channels }));
