// Puppeteer posts as its documentation shows it.
import {load, main, work} from './peer.mjs';

const puppeteer = load('puppeteer-core');

await main(async () => {
  const shell = work.browser.includes('headless-shell');
  const browser = await (puppeteer.default ?? puppeteer).launch({executablePath: work.browser, headless: shell ? 'shell' : true, args: ['--no-sandbox']});
  const post = async () => {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.setViewport({width: 1280, height: 1000});
    await page.goto(work.site + '/login');
    await page.locator('#email').fill(work.account);
    await page.locator('#password').fill(work.password);
    await page.locator('#login button').click();
    await page.waitForSelector('.account');
    await page.goto(work.site + '/post');
    await page.locator('::-p-text(' + work.category + ')').click();
    await page.locator('#title').fill(work.title);
    await page.locator('#price').fill(work.price);
    await page.locator('#description').fill(work.body);
    await (await page.waitForSelector('#photos')).uploadFile(...work.photos);
    await page.select('#condition', work.choice);
    await page.locator('#owner').click();
    await page.locator('main form button').click();
    await page.waitForSelector('#preview .photos img:nth-of-type(3)');
    await page.locator("form[action^='/publish'] button").click();
    await page.waitForSelector('#ad-number');
    const url = page.url();
    await context.close();
    return url;
  };
  return {post, close: () => browser.close()};
});
