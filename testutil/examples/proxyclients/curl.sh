curl -sS https://api.example.test/curl
curl -sS -d x=1 https://api.example.test/curl
curl -sS http://plain.example.test/curl
