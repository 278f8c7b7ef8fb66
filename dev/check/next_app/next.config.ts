import type { NextConfig } from "next";

const config: NextConfig = {
  async rewrites() {
    const queue = process.env.QUEUE_URL;
    if (!queue) return [];
    return ["ratings", "posts"].map((name) => ({
      source: `/api/${name}`,
      destination: `${queue}/api/${name}`,
    }));
  },
};
export default config;
