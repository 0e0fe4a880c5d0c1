import test from 'ava'
import fc from 'fast-check'
import { rewriteLinks } from '../../../../control-plane/apiserver/proxy/html.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const through = (link: string): string => (link.startsWith('/') ? `/proxy${link}` : link)

const page = test.macro<[string, string]>({
  title: (_, html) => `links of ${html}`,
  exec(t, html, expected) {
    t.is(rewriteLinks(html, through), expected)
  },
})

test(page, '<a href="/a">b</a>', '<a href="/proxy/a">b</a>')
test(page, "<A HREF='/a' title='/t'>b</A>", `<A HREF="/proxy/a" title='/t'>b</A>`)
test(page, '<img src=/b.png alt=x>', '<img src="/proxy/b.png" alt=x>')
test(page, '<a href = "/a" >b</a>', '<a href="/proxy/a" >b</a>')
test(page, '<a href="/a?x=1&amp;y=2">b</a>', '<a href="/proxy/a?x=1&amp;y=2">b</a>')
test(page, '<a href="&#47;a">b</a>', '<a href="/proxy/a">b</a>')
test(page, '<a href="b">b</a><a href>c</a>', '<a href="b">b</a><a href>c</a>')
test(page, '<p src="/a">b</p>', '<p src="/a">b</p>')
test(page, '<!-- <a href="/a"> -->', '<!-- <a href="/a"> -->')
test(
  page,
  '<!DOCTYPE html><script src="/s.js">var a = \'<a href="/no">\'</script>',
  '<!DOCTYPE html><script src="/proxy/s.js">var a = \'<a href="/no">\'</script>',
)
test(
  page,
  '<link href="/a.css"/><form action="/f"><input src="/i">',
  '<link href="/proxy/a.css"/><form action="/proxy/f"><input src="/proxy/i">',
)

test('a page without links that change is sent as it is, whatever it is', t => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), html => rewriteLinks(html, link => link) === html))
  t.pass()
})
