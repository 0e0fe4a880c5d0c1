export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts', '!test/e2e/**', '!test/interop/**'],
  workerThreads: false,
  concurrency: 2,
  timeout: '600s',
}
