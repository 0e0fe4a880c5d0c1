import test from 'ava'
import { derivedKey } from '../../../../control-plane/store/encryption/kms/kms-provider.ts'
import { aescbc, aesgcm, secretbox } from '../../../../control-plane/store/encryption/transformers.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

test('secretbox opens what NaCl sealed', t => {
  const key = hex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389')
  const nonce = hex('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37')
  const sealed = hex(
    'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
  )
  const opened = secretbox({ name: 'k', secret: key }).decrypt(Buffer.concat([nonce, sealed]), '')
  t.is(opened.toString('hex').slice(0, 32), 'be075fc53c81f2d5cf141316ebeb0c7b')
  t.is(opened.length, 131)
})

test('the key of a value is made of a seed as RFC 5869 has it', t => {
  const seed = hex('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5')
  const key = derivedKey(seed, hex('f0f1f2f3f4f5f6f7f8f9'))
  t.is(key.toString('hex'), '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf')
})

for (const [name, make] of Object.entries({ aesgcm, aescbc, secretbox })) {
  test(`a value that was changed, or cut short, is not opened: ${name}`, t => {
    const transformer = make({ name: 'k', secret: Buffer.alloc(32, 1) })
    const plain = Buffer.from('a value of some length, to be hidden')
    const hidden = transformer.encrypt(plain, 'pods/a')
    t.deepEqual(transformer.decrypt(hidden, 'pods/a'), plain)
    t.false(hidden.includes('hidden'))
    t.throws(() => transformer.decrypt(hidden.subarray(0, 10), 'pods/a'), { message: /shorter than/ })
    t.throws(() => transformer.decrypt(hidden.subarray(0, -1), 'pods/a'))
    if (name === 'aescbc') return
    for (const at of [0, 30, hidden.length - 1]) {
      const changed = Buffer.from(hidden)
      changed[at]! ^= 1
      t.throws(() => transformer.decrypt(changed, 'pods/a'))
    }
  })
}
