# What config.toml says of a proxy and of certificates counts less than the variables.
mkdir -p src .cargo && touch src/lib.rs
printf '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ncannery-try = { version = "1", registry = "try" }\n' >Cargo.toml
printf '[registries.try]\nindex = "sparse+https://crates.example.test/index/"\n[http]\nproxy = "127.0.0.1:1"\ncainfo = "nowhere.pem"\n' >.cargo/config.toml
CARGO_HOME=$PWD/home cargo fetch --quiet && cat home/registry/src/*/cannery-try-1.0.0/src/lib.rs
