# Ruby's own client.
require 'net/http'

print Net::HTTP.get(URI('https://api.example.test/ruby'))
print Net::HTTP.post(URI('https://api.example.test/ruby'), '{"by": "ruby"}').body
print Net::HTTP.get(URI('http://plain.example.test/ruby'))
