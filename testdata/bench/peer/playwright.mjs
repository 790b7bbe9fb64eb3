// Playwright posts as its documentation shows it.
import {load, main, work} from './peer.mjs';

const {chromium} = load('playwright-core');

await main(async () => {
  const browser = await chromium.launch({executablePath: work.browser, headless: true});
  const post = async () => {
    const context = await browser.newContext({viewport: {width: 1280, height: 1000}});
    const page = await context.newPage();
    await page.goto(work.site + '/login');
    await page.getByLabel('Email').fill(work.account);
    await page.getByLabel('Password').fill(work.password);
    await page.getByRole('button', {name: 'Log in'}).click();
    await page.getByRole('button', {name: 'Log out'}).waitFor();
    await page.goto(work.site + '/post');
    await page.getByRole('link', {name: work.category}).click();
    await page.getByLabel('Title').fill(work.title);
    await page.getByLabel('Price').fill(work.price);
    await page.getByLabel('Description').fill(work.body);
    await page.getByLabel('Photos').setInputFiles(work.photos);
    await page.getByLabel('Condition').selectOption(work.choice);
    await page.getByLabel('I am the owner').check();
    await page.getByRole('button', {name: 'Continue'}).click();
    await page.locator('#preview .photos img').nth(2).waitFor();
    await page.getByRole('button', {name: 'Publish'}).click();
    await page.locator('#ad-number').waitFor();
    const url = page.url();
    await context.close();
    return url;
  };
  return {post, close: () => browser.close()};
});
