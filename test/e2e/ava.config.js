export default {
  extensions: ['ts'],
  files: ['test/e2e/**/*.test.ts'],
  workerThreads: false,
  concurrency: 1,
  serial: true,
  timeout: '900s',
}
