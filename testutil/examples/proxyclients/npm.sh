# What .npmrc says of a proxy and of certificates counts less than the variables.
echo '{"private": true}' >package.json
printf 'https-proxy = http://127.0.0.1:1\ncafile = nowhere.pem\n' >.npmrc
npm install --silent --no-audit --no-fund --cache "$PWD/cache" --registry https://npm.example.test/ cannery-try &&
	cat node_modules/cannery-try/index.js
