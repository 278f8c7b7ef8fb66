import type { NextConfig } from "next";

const queue = process.env.QUEUE_URL;
const config: NextConfig = {
  async rewrites() {
    return queue ? ["ratings", "posts"].map((name) => ({ source: `/api/${name}`, destination: `${queue}/api/${name}` })) : [];
  },
};
export default config;
