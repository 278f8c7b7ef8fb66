// Stored objects' bytes, on disk; their names and metadata are rows of storage.objects.
// The method names are those that lite's storage calls on its adapter.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";

export class Files {
  driver = fs;

  constructor(root) {
    this.root = path.resolve(root);
  }

  // With a suffix, so that the objects "a" and "a/b" can both exist.
  file(bucket, key) {
    const file = path.resolve(this.root, bucket, key);
    if (!file.startsWith(this.root + path.sep)) throw new Error("bad object name");
    return `${file}.object`;
  }

  async meta(file) {
    const [stat, saved] = await Promise.all([fs.stat(file), fs.readFile(`${file}.json`, "utf8")]);
    return { ...JSON.parse(saved), contentLength: stat.size, size: stat.size, lastModified: stat.mtime };
  }

  async getObject(bucket, key, _version, conditions) {
    const file = this.file(bucket, key);
    const metadata = await this.meta(file);
    if (conditions?.ifNoneMatch === metadata.eTag) return { httpStatusCode: 304, metadata };
    const range = /^bytes=(\d+)-(\d*)$/.exec(conditions?.range ?? "");
    if (!range) return { httpStatusCode: 200, metadata, body: Readable.toWeb(createReadStream(file)) };
    const start = Number(range[1]);
    const end = Math.min(range[2] ? Number(range[2]) : Infinity, metadata.size - 1);
    const contentRange = `bytes ${start}-${end}/${metadata.size}`;
    return {
      httpStatusCode: 206,
      body: Readable.toWeb(createReadStream(file, { start, end })),
      metadata: { ...metadata, contentLength: end - start + 1, contentRange },
    };
  }

  async uploadObject(bucket, key, _version, body, mimetype, cacheControl) {
    const file = this.file(bucket, key);
    const data = body instanceof Uint8Array ? body : Buffer.from(await new Response(body).arrayBuffer());
    await fs.mkdir(path.dirname(file), { recursive: true });
    const eTag = `"${createHash("md5").update(data).digest("hex")}"`;
    await fs.writeFile(`${file}.new`, data);
    await fs.writeFile(`${file}.json`, JSON.stringify({ mimetype, cacheControl, eTag }));
    await fs.rename(`${file}.new`, file);
    return this.meta(file);
  }

  async deleteObject(bucket, key) {
    const file = this.file(bucket, key);
    await Promise.all([fs.rm(file, { force: true }), fs.rm(`${file}.json`, { force: true })]);
  }

  async deleteObjects(bucket, keys) {
    for (const key of keys) await this.deleteObject(bucket, key);
  }

  async copyObject(fromBucket, fromKey, _version, toBucket, toKey) {
    const from = this.file(fromBucket, fromKey);
    const to = this.file(toBucket, toKey);
    await fs.mkdir(path.dirname(to), { recursive: true });
    await Promise.all([fs.copyFile(from, to), fs.copyFile(`${from}.json`, `${to}.json`)]);
    return { httpStatusCode: 200, ...(await this.meta(to)) };
  }

  async headObject(bucket, key) {
    return this.meta(this.file(bucket, key));
  }

  async privateAssetUrl(bucket, key) {
    return `file://${this.file(bucket, key)}`;
  }
}
