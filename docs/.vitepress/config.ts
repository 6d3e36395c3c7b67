/**
 * The site: its pages in their order, and how VitePress builds them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DefaultTheme, UserConfig } from "vitepress";
import { REPOSITORY, SITE } from "../../scripts/tools/addresses.ts";
import { INCLUDED, repositoryLinks } from "./links.ts";
import { writeTexts } from "./llms.ts";

const DESCRIPTION =
  "The operating system's virtual memory for Deno, Bun and Node.js: mmap and VirtualAlloc from TypeScript.";

/** The outline. A page is linked once its file is there. */
const OUTLINE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "Guide": {
    "guide/getting-started": "Getting started",
    "guide/files": "Files",
    "guide/growing": "Memory that grows",
    "guide/views": "Views",
    "guide/threads": "Threads",
    "guide/processes": "Between processes",
    "guide/waiting": "Waiting",
    "guide/webassembly": "WebAssembly and SharedArrayBuffer",
    "guide/secrets": "Secrets",
    "guide/huge-pages": "Huge pages",
    "guide/native-code": "Machine code and pointers",
    "guide/sandboxes": "Permissions and sandboxes",
    "guide/bundling": "Bundling and executables",
    "guide/testing": "Testing",
    "guide/containers": "Containers and clouds",
    "guide/errors": "Errors",
  },
  "Recipes": {
    "recipes/examples": "Examples",
    "recipes/libraries": "Libraries over views",
    "recipes/durability": "Durability",
  },
  "Reference": {
    "reference/which-call": "Which call do I want?",
    "reference/systems": "Capabilities by system",
    "reference/limits": "Limits",
    "reference/support": "Support",
    "reference/command": "The command",
    "reference/from-rust": "From Rust",
    "reference/from-others": "From other libraries",
  },
  "How it works": {
    "internals/architecture": "Architecture",
    "internals/truncation-guard": "The truncation guard",
    "internals/benchmarks": "Benchmarks",
    "internals/results": "Results",
    "internals/runtimes": "Differences between runtimes",
  },
};

const groups = Object.entries(OUTLINE).map(([text, pages]) => ({
  text,
  items: Object.entries(pages)
    .filter(([page]) => existsSync(join(import.meta.dirname!, "..", `${page}.md`)))
    .map(([page, text]) => ({ text, link: `/${page}` })),
})).filter(({ items }) => items.length > 0);

const api = { text: "API", link: "/api/", target: "_self" };
const sidebar: DefaultTheme.SidebarItem[] = groups.map((group) =>
  group.text === "Reference" ? { ...group, items: [...group.items, api] } : group
);
const nav = groups.map(({ text, items }) => ({
  text,
  link: items[0]!.link,
  activeMatch: `^${items[0]!.link.replace(/[^/]+$/, "")}`,
}));

const config: UserConfig<DefaultTheme.Config> = {
  title: "sysalloc",
  description: DESCRIPTION,
  lang: "en",
  base: new URL(SITE).pathname,
  srcDir: ".",
  outDir: "../.cache/site",
  cacheDir: "../.cache/vitepress",
  cleanUrls: true,
  markdown: {
    config: (md) => {
      repositoryLinks(md);
      const fence = md.renderer.rules.fence!;
      // The examples, which pages include, import the package by its name there.
      md.renderer.rules.fence = (...args) => fence(...args).replaceAll('"../mod.ts"', '"sysalloc"');
    },
  },
  themeConfig: {
    nav: [...nav, api],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/:path`, text: "Edit this page" },
    footer: { message: "MIT license" },
  },
  transformPageData(page) {
    page.filePath = INCLUDED[page.filePath] ?? `docs/${page.filePath}`; // for the edit link
  },
  buildEnd({ pages, srcDir, outDir }) {
    const links = ["index", ...Object.values(OUTLINE).flatMap(Object.keys)];
    const unlisted = pages.find((page) => !links.includes(page.replace(/\.md$/, "")));
    if (unlisted !== undefined) throw new Error(`The outline lacks ${unlisted}`);
    writeTexts(srcDir, outDir, DESCRIPTION, groups);
  },
};

export default config;
