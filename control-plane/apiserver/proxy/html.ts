import { Tokenizer } from 'htmlparser2'

/** Attributes that hold one link, by the tag they are of. */
const LINKS: Record<string, readonly string[]> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
}
const ESCAPES: Record<string, string> = { '&': '&amp;', '"': '&#34;', '<': '&lt;', '>': '&gt;' }

/** Rewrites the links of a page. All else stays as it is, however it is written. */
export function rewriteLinks(html: string, rewrite: (link: string) => string): string {
  const parts: string[] = []
  let copied = 0
  let tag = ''
  let name = ''
  let nameEnd = 0
  let value = ''
  const replace = (start: number, end: number, text: string) => {
    parts.push(html.slice(copied, start), text)
    copied = end
  }
  const nothing = () => {}
  const tokenizer = new Tokenizer(
    { decodeEntities: true },
    {
      onopentagname(start, end) {
        tag = html.slice(start, end).toLowerCase()
      },
      onattribname(start, end) {
        name = html.slice(start, end).toLowerCase()
        nameEnd = end
        value = ''
      },
      onattribdata(start, end) {
        value += html.slice(start, end)
      },
      onattribentity(codepoint) {
        value += String.fromCodePoint(codepoint)
      },
      onattribend(_quote, end) {
        if (value === '' || !LINKS[tag]?.includes(name)) return
        const link = rewrite(value)
        if (link !== value) replace(nameEnd, end, `="${escaped(link)}"`)
      },
      oncdata: nothing,
      onclosetag: nothing,
      oncomment: nothing,
      ondeclaration: nothing,
      onend: nothing,
      onopentagend: nothing,
      onprocessinginstruction: nothing,
      onselfclosingtag: nothing,
      ontext: nothing,
      ontextentity: nothing,
    },
  )
  tokenizer.write(html)
  tokenizer.end()
  parts.push(html.slice(copied))
  return parts.join('')
}

const escaped = (text: string): string => text.replace(/[&"<>]/g, character => ESCAPES[character]!)
