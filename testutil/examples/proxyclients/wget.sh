wget -qO- https://api.example.test/wget
wget -qO- --post-data=x=1 https://api.example.test/wget
wget -qO- http://plain.example.test/wget
