// Opens a report in headless Chromium and uses it as a reader would.
//   node browser.mjs MODULES CHROMIUM REPORT HOSTILE
// Each step prints one line that the test reads: ok or FAIL, a tab, the step's
// name; what went wrong follows, indented.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';

const [modules, chromiumPath, reportFile, hostileFile] = process.argv.slice(2);
const require = createRequire(modules + '/');
const { chromium } = require('playwright-core');
const axe = require('axe-core');
const report = pathToFileURL(reportFile).href;
const silent = 'conditional.delete-objects.etag';

const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

let failed = 0;
async function step(name, options, use) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const said = [], asked = [];
  page.on('console', (m) => said.push(m.text()));
  page.on('pageerror', (e) => said.push(e.message));
  page.on('request', (r) => asked.push(r.url()));
  try {
    await page.goto(options.url ?? report);
    await use(page);
    assert.deepEqual(said, [], 'the console says something');
    assert.deepEqual(asked.filter((u) => !u.startsWith('file:')), [], 'the page asks the network');
    console.log(`ok\t${name}`);
  } catch (e) {
    failed++;
    console.log(`FAIL\t${name}\n${String(e.message).replace(/^/gm, '    ')}`);
  }
  await context.close();
}

const cell = (page, id, server) => page.locator(`[id="r.${id}"] td`).nth(server);
const visible = (page) => page.locator('#rules tbody tr:not(.area):visible').count();

async function accessible(page) {
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  assert.ok(passes.length > 15, `axe judged ${passes.length} rules only`);
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(' | ')}`), []);
}

await step('filters', {}, async (page) => {
  const all = await visible(page);
  assert.ok(all > 20, `${all} rows`);
  await page.fill('#text', 'deleteobjects must etag');
  assert.equal(await visible(page), 1);
  assert.match(await page.textContent('#shown'), new RegExp(`^1 of ${all} scenarios$`));
  await page.fill('#text', '');
  await page.selectOption('#verdict', 'silent');
  const silents = await visible(page);
  assert.equal(silents, await page.locator('#rules td.silent:visible').count());
  await page.selectOption('#server', { label: 'bleepstore' });
  assert.equal(await visible(page), 0);
  assert.ok(await page.locator('#none').isVisible());
  await page.click('form button[type=reset]');
  await page.waitForFunction((n) => document.getElementById('shown').textContent.startsWith(n + ' '), all);
  await page.check('#differ');
  const differ = await visible(page);
  assert.ok(differ > 0 && differ < all, `${differ} of ${all} differ`);
  await page.selectOption('#area', 'version');
  assert.equal(await visible(page), 1);
  await page.selectOption('#level', 'should');
  assert.equal(await visible(page), 0);
});

await step('a failing cell opens its exchange', {}, async (page) => {
  await cell(page, silent, 1).locator('a').click();
  const panel = page.locator('#panel');
  assert.ok(await panel.isVisible());
  assert.match(await panel.locator('h4').textContent(), /^DeleteObjects MUST delete the keys/);
  assert.match(await panel.locator('.gw, .body').first().textContent(), /k2/);
  const pre = panel.locator('.body > figure pre');
  assert.match(await pre.nth(0).textContent(), /^POST \/.*delete/);
  assert.match(await pre.nth(1).textContent(), /^HTTP\/1.1 200 OK/);
  assert.equal(await pre.nth(1).locator('mark.wrong').first().textContent(), 'HTTP/1.1 200 OK');
  const [left, right] = [await pre.nth(0).boundingBox(), await pre.nth(1).boundingBox()];
  assert.ok(Math.abs(left.y - right.y) < 2 && right.x > left.x + left.width - 2, 'request and response are not side by side');
  assert.match(await panel.locator('a[href^="https://docs.aws"]').first().getAttribute('href'), /conditional-deletes/);
  assert.match(await panel.locator('.cmd').last().textContent(), new RegExp(`bleepstore test .*--id=${silent}`));
  assert.match(await panel.locator('.cmd').first().textContent(), /curl -sS -i/);
  await panel.locator('.cmd button').last().click();
  await page.waitForFunction(() => /Copied|Selected/.test(document.getElementById('panel').textContent));
  await page.click('#after');
  assert.doesNotMatch(await panel.locator('h4').textContent(), /^DeleteObjects MUST delete the keys/);
  await page.click('#before');
  await page.keyboard.press('Escape');
  assert.ok(!(await panel.isVisible()));
  assert.equal(await page.evaluate(() => document.activeElement.hash), `#x.gofakes3.${silent}`);
  assert.equal(await page.locator(`[id="x.gofakes3.${silent}"]`).count(), 1, 'the finding is back in its place');
});

await step('what it is safe for, and why not', {}, async (page) => {
  const row = page.locator('.work tbody tr').first();
  assert.match(await row.locator('td').nth(0).textContent(), /yes/);
  assert.match(await row.locator('td').nth(1).textContent(), /no/);
  await row.locator('summary').click();
  assert.match(await row.locator('li').last().textContent(), /wrong success/);
});

await step('a passing cell tells its command', {}, async (page) => {
  await cell(page, silent, 0).click();
  assert.match(await page.locator('#panel .cmd').textContent(), new RegExp(`bleepstore test .*--id=${silent}`));
  assert.match(await page.locator('#panel h4').textContent(), /^DeleteObjects MUST/);
});

await step('keys alone are enough', {}, async (page) => {
  await cell(page, silent, 1).locator('a').focus();
  await page.keyboard.press('Enter');
  assert.ok(await page.locator('#panel').isVisible());
  await page.keyboard.press('Escape');
  await page.locator(`[id="r.${silent}"] summary`).focus();
  await page.keyboard.press('Enter');
  assert.ok(await page.locator(`[id="r.${silent}"] details a`).isVisible());
});

await step('an address opens its finding', { url: `${report}#x.gofakes3.${silent}` }, async (page) => {
  assert.match(await page.locator('#panel h4').textContent(), /^DeleteObjects MUST/);
});

await step('without JavaScript', { javaScriptEnabled: false }, async (page) => {
  assert.ok((await visible(page)) > 20);
  assert.ok(!(await page.locator('#filters').isVisible()));
  const body = page.locator(`[id="x.gofakes3.${silent}"]`);
  assert.ok(!(await body.isVisible()));
  await cell(page, silent, 1).locator('a').click();
  await body.waitFor({ state: 'visible' });
  assert.match(await body.locator('pre').nth(1).textContent(), /^HTTP\/1.1 200 OK/);
});

await step('in print', {}, async (page) => {
  await page.emulateMedia({ media: 'print' });
  assert.ok(!(await page.locator('#filters').isVisible()));
  assert.ok(await cell(page, silent, 1).locator('a').isVisible());
  const style = await cell(page, silent, 1).locator('a').evaluate((a) => [getComputedStyle(a).color, getComputedStyle(a).backgroundColor]);
  assert.deepEqual(style, ['rgb(0, 0, 0)', 'rgba(0, 0, 0, 0)']);
});

await step('on a phone', { viewport: { width: 390, height: 844 } }, async (page) => {
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390, 'the page is wider than the screen');
  await accessible(page);
  await cell(page, silent, 1).locator('a').click();
  await accessible(page);
});

for (const colorScheme of ['light', 'dark']) {
  await step(`axe finds nothing, ${colorScheme}`, { colorScheme }, async (page) => {
    await page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
    await accessible(page);
    await cell(page, silent, 1).locator('a').click();
    await accessible(page);
  });
}

await step('what a server says runs nowhere', { url: pathToFileURL(hostileFile).href }, async (page) => {
  await page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
  for (const link of await page.locator('#rules td a').all()) await link.click();
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.match(await page.locator('#panel').textContent(), /window\.pwned/);
});

await browser.close();
process.exit(failed ? 1 : 0);
