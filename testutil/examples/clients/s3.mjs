// Sixteen requests of an S3 client, presigned ones and an upload in parts included.
import assert from 'node:assert/strict';
import * as s3 from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

const client = new s3.S3Client({
  endpoint: process.env.CANNERY_URL, region: 'eu-central-1', forcePathStyle: true, maxAttempts: 1,
  credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
});
const Bucket = 'notes';
const send = (name, input = {}) => client.send(new s3[name + 'Command']({ Bucket, ...input }));
const text = async (answer) => answer.Body.transformToString();

await send('CreateBucket');
await send('HeadBucket');
assert.ok((await send('PutObject', { Key: 'a.txt', Body: 'buy milk', ContentType: 'text/plain' })).ETag);
assert.equal((await send('HeadObject', { Key: 'a.txt' })).ContentLength, 8);
assert.equal(await text(await send('GetObject', { Key: 'a.txt' })), 'buy milk');
assert.equal(await text(await send('GetObject', { Key: 'a.txt', Range: 'bytes=4-7' })), 'milk');
await send('PutObjectTagging', { Key: 'a.txt', Tagging: { TagSet: [{ Key: 'kind', Value: 'note' }] } });
assert.equal((await send('GetObjectTagging', { Key: 'a.txt' })).TagSet[0].Value, 'note');
await send('CopyObject', { Key: 'b.txt', CopySource: 'notes/a.txt' });
const { UploadId } = await send('CreateMultipartUpload', { Key: 'large' });
const Parts = [];
for (const PartNumber of [1, 2]) {
  const Body = Buffer.alloc(1 << 20, PartNumber + 'x');
  Parts.push({ PartNumber, ETag: (await send('UploadPart', { Key: 'large', UploadId, PartNumber, Body })).ETag });
}
await send('CompleteMultipartUpload', { Key: 'large', UploadId, MultipartUpload: { Parts } });
assert.deepEqual((await send('ListObjectsV2')).Contents.map((o) => o.Key), ['a.txt', 'b.txt', 'large']);
const signed = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key: 'b.txt' }), { expiresIn: 60 });
assert.equal(await (await fetch(signed)).text(), 'buy milk');
assert.equal((await send('DeleteObjects', { Delete: { Objects: [{ Key: 'a.txt' }, { Key: 'b.txt' }] } })).Deleted.length, 2);
