// What the clients in JavaScript have in common; see peer.go.
import {createInterface} from 'node:readline';
import {createRequire} from 'node:module';

// The package of that name, from where the bench has put it.
export const load = name => createRequire(process.env.BENCH_MODULES + '/')(name);

export const work = {
  site: process.env.BENCH_SITE, browser: process.env.BENCH_BROWSER, photos: process.env.BENCH_PHOTOS.split(':'),
  account: 'fred@example.org', password: 'correct horse', title: 'Sofa, two seats, petrol blue', price: '$40',
  body: 'Very comfortable, no pets, no smoke.\n\nCollect it in the evening.', category: 'For sale', choice: 'Used',
};

export async function main(start) {
  const client = await start();
  if (process.argv[2] === 'cold') console.log(await client.post());
  else await serve(client);
  await client.close();
}

async function serve(client) {
  console.log('ready');
  for await (const line of createInterface({input: process.stdin})) {
    let [ads, tabs] = line.split(' ').map(Number);
    const tab = async () => {
      while (ads-- > 0) await client.post();
    };
    await Promise.all(Array.from({length: tabs}, tab));
    console.log('done');
  }
}
