// What the scripts of JavaScript clients share: steps, and how they fail.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The runner installs the packages into MODULES, away from the scripts.
export const require = createRequire(pathToFileURL(process.env.MODULES + "/"));

// want fails unless got is wanted.
export function want(got, wanted, what = "") {
  if (Buffer.isBuffer(got) ? !got.equals(wanted) : JSON.stringify(got) !== JSON.stringify(wanted))
    throw new Error(`${what}: got ${String(JSON.stringify(got)).slice(0, 300)}, want ${String(JSON.stringify(wanted)).slice(0, 300)}`);
}

// refused fails unless promise is rejected with code; status, where known to
// the client, is what HTTP said.
export async function refused(code, status, promise) {
  try {
    await promise;
  } catch (e) {
    want([e.code ?? e.name, e.$metadata?.httpStatusCode ?? e.statusCode ?? status], [code, status], e.message);
    return e;
  }
  throw new Error(`succeeded, want ${code}`);
}

// A Skip ends a step that the server cannot do.
export class Skip extends Error {}

// runSteps takes every step in turn and prints what became of it.
export async function runSteps(prefix, steps) {
  for (const [name, f] of Object.entries(steps)) {
    try {
      await f();
      console.log(`ok\t${prefix}${name}`);
    } catch (e) {
      if (e instanceof Skip) {
        console.log(`skip\t${prefix}${name}\t${e.message}`);
        continue;
      }
      console.log(`FAIL\t${prefix}${name}`);
      console.log("    " + String(e.stack ?? e).split("\n").slice(0, 6).join("\n    "));
    }
  }
}

// names are keys that clients and servers get wrong.
export const names = ["a b", "a+b", "a%2Fb", "100%", "ünï/cödé", "日本語/☃", "a/./b", "a/../b", "?q=1&x", "#frag",
  "semi;colon", "~!*'()", "quote\"'`", "back\\slash", "<xml>&amp;", "[br]{ace}|", "tab\tkey", "😀", "e\u0301"];
