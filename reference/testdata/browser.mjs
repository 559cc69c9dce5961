// Uploads by form from a page in headless Chromium, and reads back by fetch.
//   node browser.mjs MODULES CHROMIUM PAGE OTHER
// PAGE is of an origin that the bucket allows, OTHER of one that it does not.
// Each step prints one line that the test reads: ok or FAIL, a tab, the step's
// name; what went wrong follows, indented.
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';

const [modules, chromiumPath, home, abroad] = process.argv.slice(2);
const { chromium } = createRequire(modules + '/')('playwright-core');
const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const file = { name: 'hello.txt', mimeType: 'text/plain', buffer: Buffer.from('hello\r\nworld\n') };

let failed = 0;
async function step(name, url, use) {
  const context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  try {
    await page.goto(url);
    await use(page);
    console.log(`ok\t${name}`);
  } catch (e) {
    failed++;
    console.log(`FAIL\t${name}\n${String(e.message).replace(/^/gm, '    ')}`);
  }
  await context.close();
}

// get fetches one of the page's addresses; what the browser keeps from it is undefined.
const get = (page, which, headers = {}) => page.evaluate(async ([which, headers]) => {
  try {
    const r = await fetch(window.target[which], { headers });
    return { status: r.status, text: await r.text(), etag: r.headers.get('etag'), range: r.headers.get('content-range'), server: r.headers.get('server') };
  } catch (e) {
    return { error: e.name };
  }
}, [which, headers]);

await step('a form is sent, and the page sent on', home, async (page) => {
  await page.setInputFiles('#file', file);
  await page.click('#send');
  await page.waitForURL((u) => u.pathname === '/done');
  const q = new URL(page.url()).searchParams;
  assert.equal(q.get('bucket'), 'uploads');
  assert.equal(q.get('key'), 'by-form/hello.txt');
  assert.match(q.get('etag'), /^"[0-9a-f]{32}"$/);
});

await step('the object is read by fetch, with a preflight', home, async (page) => {
  const whole = await get(page, 'get');
  assert.equal(whole.status, 200);
  assert.equal(whole.text, 'hello\r\nworld\n');
  assert.match(whole.etag, /^"[0-9a-f]{32}"$/);
  assert.equal(whole.server, null, 'a header that is not exposed');
  const last = await get(page, 'get', { range: 'bytes=-6' });
  assert.deepEqual([last.status, last.text, last.range], [206, 'world\n', 'bytes 7-12/13']);
});

await step('an error can be read too', home, async (page) => {
  const r = await get(page, 'absent');
  assert.equal(r.status, 403);
  assert.match(r.text, /<Code>SignatureDoesNotMatch<\/Code>/);
});

await step('a form is sent by fetch', home, async (page) => {
  const send = (fields) => page.evaluate(async (fields) => {
    const data = new FormData();
    for (const [name, value] of Object.entries({ ...window.target.form, ...fields })) data.append(name, value);
    data.append('file', new Blob(['by fetch']), 'fetched.txt');
    const r = await fetch(document.getElementById('form').action, { method: 'POST', body: data });
    return { status: r.status, etag: r.headers.get('etag'), text: await r.text() };
  }, fields);
  const good = await send({});
  assert.equal(good.status, 204);
  assert.match(good.etag, /^"[0-9a-f]{32}"$/);
  const bad = await send({ 'x-amz-meta-extra': 'no condition covers it' });
  assert.equal(bad.status, 403);
  assert.match(bad.text, /<Code>AccessDenied<\/Code>/);
});

await step('another origin gets nothing', abroad, async (page) => {
  assert.deepEqual(await get(page, 'get'), { error: 'TypeError' });
  assert.deepEqual(await get(page, 'get', { range: 'bytes=0-1' }), { error: 'TypeError' });
});

await browser.close();
process.exit(failed ? 1 : 0);
