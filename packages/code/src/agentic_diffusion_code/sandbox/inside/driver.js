// Answers calls of one JavaScript function: frames of tagged JSON on descriptor 3.
// Like the Python harness, it is trusted by nobody: its answers are judged outside.
"use strict";
const fs = require("fs");
const vm = require("vm");
const write = fs.writeSync.bind(fs);
const read = fs.readSync.bind(fs);
const stringify = JSON.stringify.bind(JSON);
const parse = JSON.parse.bind(JSON);

function readExactly(size) {
  const data = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const got = read(3, data, done, size - done);
    if (got === 0) process.exit(0);
    done += got;
  }
  return data;
}

function receive() {
  return parse(readExactly(readExactly(4).readUInt32BE(0)).toString("utf8"));
}

function send(message) {
  const body = Buffer.from(stringify(message), "utf8");
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length, 0);
  const all = Buffer.concat([head, body]);
  let done = 0;
  while (done < all.length) done += write(3, all, done);
}

function untag(tree) {
  if (Array.isArray(tree)) return tree.map(untag);
  if (tree === null || typeof tree !== "object") return tree;
  const [name, content] = Object.entries(tree)[0];
  if (name === "int") {
    return content.startsWith("-") ? -BigInt(content.slice(1)) : BigInt(content);
  }
  if (name === "float") return Number(content.replace("inf", "Infinity").replace("nan", "NaN"));
  if (name === "tuple") return content.map(untag);
  if (name === "set" || name === "frozenset") return new Set(content.map(untag));
  if (name === "bytes") return new Uint8Array(Buffer.from(content, "hex"));
  if (name === "dict") {
    const pairs = content.map(([key, value]) => [untag(key), untag(value)]);
    if (pairs.every(([key]) => typeof key === "string")) return Object.fromEntries(pairs);
    return new Map(pairs);
  }
  throw new TypeError("no JavaScript value for " + name);
}

function tag(value, depth) {
  if (depth < 0) throw new TypeError("too deep");
  if (value === undefined || value === null) return null;
  const kind = typeof value;
  if (kind === "boolean" || kind === "string") return value;
  if (kind === "bigint") {
    return { int: (value < 0n ? "-0x" : "0x") + (value < 0n ? -value : value).toString(16) };
  }
  if (kind === "number") {
    if (Number.isNaN(value)) return { float: "nan" };
    if (!Number.isFinite(value)) return { float: value > 0 ? "inf" : "-inf" };
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return Math.abs(value) < 1e21 ? { float: value.toFixed(0) } : value;
    }
    return value;
  }
  if (Array.isArray(value)) return Array.from(value, (item) => tag(item, depth - 1));
  if (value instanceof Set) return { set: Array.from(value, (item) => tag(item, depth - 1)) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  let pairs = null;
  if (value instanceof Map) pairs = Array.from(value.entries());
  else if (Object.getPrototypeOf(value) === Object.prototype) pairs = Object.entries(value);
  if (pairs === null) throw new TypeError("not plain data");
  return { dict: pairs.map(([k, v]) => [tag(k, depth - 1), tag(v, depth - 1)]) };
}

function describe(error) {
  let type = "Error";
  let message = "";
  let trace = "";
  let line = null;
  try {
    type = String(error && error.name ? error.name : typeof error).slice(0, 200);
    message = String(error && error.message !== undefined ? error.message : error).slice(0, 4000);
    trace = String(error && error.stack ? error.stack : message).split("\n")
      .filter((text, index) => index === 0 || text.includes("program.js")).join("\n").slice(0, 4000);
    const found = /program\.js:(\d+)/.exec(trace);
    line = found ? Number(found[1]) : null;
  } catch (_) { /* a hostile error keeps its defaults */ }
  return { type, message, trace: trace + "\n", line, errno: null };
}

async function main() {
  const [file, name] = process.argv.slice(2);
  let request = receive();
  let entry;
  try {
    globalThis.module = { exports: {} };
    globalThis.exports = globalThis.module.exports;
    globalThis.require = require;
    vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: "program.js" });
    entry = globalThis.module.exports[name] || vm.runInThisContext(name);
    if (typeof entry !== "function") throw new TypeError(name + " is not a function");
  } catch (error) {
    send({ id: request.id, load: describe(error) });
    process.exit(0);
  }
  for (;;) {
    let answer;
    try {
      const value = await entry(...untag(request.args));
      try {
        answer = { value: tag(value, 64) };
      } catch (error) {
        answer = { refused: describe(error).message };
      }
    } catch (error) {
      answer = { raised: describe(error) };
    }
    send({ id: request.id, ...answer });
    request = receive();
  }
}

main();
