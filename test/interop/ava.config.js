export default {
  extensions: ['ts'],
  files: ['test/interop/**/*.test.ts'],
  workerThreads: false,
  concurrency: 1,
  timeout: '900s',
}
