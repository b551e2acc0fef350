git clone -q https://git.example.test/try.git clone && cat clone/said
