import test from 'ava'
import {
  CompileError,
  compile,
  createEnvironment,
  EvaluationError,
} from '../../../control-plane/cel/environment.ts'

const evaluate = (expression: string): unknown =>
  compile(createEnvironment(), expression).evaluate({}, { left: 1_000_000 })

/** Expressions that are true by Kubernetes' documentation of its functions. */
const TRUE = [
  '[1, 2, 2].isSorted() && !["b", "a"].isSorted()',
  '[1, 3].sum() == 4 && [1.5, 0.5].sum() == 2.0',
  '[3, 1, 2].min() == 1 && ["a", "c"].max() == "c"',
  '[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && [1].indexOf(5) == -1',
  'sets.contains([1, 2, 3], [1, 3]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])',
  '"abc 123".find("[0-9]+") == "123" && "none".find("[0-9]+") == ""',
  '"123 abc 456".findAll("[0-9]+") == ["123", "456"] && "1 2 3".findAll("[0-9]", 2) == ["1", "2"]',
  '"hello".charAt(1) == "e" && "hello".replace("l", "L") == "heLLo" && "hello".replace("l", "L", 1) == "heLlo"',
  '"%d items of %s, %.2f".format([3, "kind", 1.5]) == "3 items of kind, 1.50"',
  '"a,b".split(",") == ["a", "b"] && ["a", "b"].join("-") == "a-b" && strings.quote("a\\n") == "\\"a\\\\n\\""',
  'isURL("https://example.com:80/p?a=b") && !isURL("../rel") && isURL("/path")',
  'url("https://user@example.com:8080/a/b?c=d&c=e").getHost() == "example.com:8080"',
  'url("https://example.com:8080/a%20b?c=d").getEscapedPath() == "/a%20b"',
  'url("https://[::1]:80/").getHostname() == "::1" && url("https://x:80/").getPort() == "80"',
  'url("https://x/?k=1&k=2").getQuery()["k"] == ["1", "2"] && url("https://x/").getScheme() == "https"',
  'isQuantity("1.3G") && !isQuantity("abc") && quantity("50k").isInteger() && quantity("50k").asInteger() == 50000',
  'quantity("200M").compareTo(quantity("0.2G")) == 0 && quantity("50Mi").isGreaterThan(quantity("50M"))',
  'quantity("50k").add(quantity("20")) == quantity("50020") && quantity("50k").sub(20) == quantity("49980")',
  'quantity("-1").sign() == -1 && quantity("1500m").asApproximateFloat() == 1.5',
  'isIP("127.0.0.1") && isIP("::1") && !isIP("127.0.0.256") && !isIP("::ffff:1.2.3.4") && !isIP("127.0.0.01")',
  'ip("127.0.0.1").isLoopback() && ip("fe80::1").isLinkLocalUnicast() && ip("1.1.1.1").isGlobalUnicast()',
  'ip("2001:db8::abcd").family() == 6 && ip.isCanonical("2001:db8::abcd") && !ip.isCanonical("2001:DB8::ABCD")',
  'ip("2001:db8::1") == ip("2001:DB8::1") && string(ip("1.2.3.4")) == "1.2.3.4"',
  'cidr("192.168.0.0/24").containsIP("192.168.0.9") && !cidr("192.168.0.0/24").containsIP(ip("192.168.1.1"))',
  'cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && cidr("192.168.1.5/24").masked() == cidr("192.168.1.0/24")',
  'cidr("192.168.0.0/24").prefixLength() == 24 && cidr("192.168.0.0/24").ip() == ip("192.168.0.0") && !isCIDR("1.2.3.4/33")',
  '!format.dns1123Label().validate("my-name").hasValue() && format.dns1123Label().validate("My_Name").hasValue()',
  'format.named("dns1123Subdomain").hasValue() && !format.named("unknown").hasValue()',
  'isSemver("1.2.3-alpha.1") && !isSemver("v1.2") && isSemver("v1.2", true)',
  'semver("1.2.3").isLessThan(semver("1.10.0")) && semver("1.0.0-alpha").compareTo(semver("1.0.0")) == -1',
  'semver("1.2.3").major() == 1 && semver("v01.2", true) == semver("1.2.0")',
  '{"a": 1}.all(k, k == "a") && [1, 2].exists_one(x, x == 2) && [1, 2].map(x, x > 1, x * 2) == [4]',
  'optional.none().orValue(1) == 1 && {"a": 1}[?"b"].orValue(2) == 2',
]

for (const expression of TRUE) {
  test(`an expression holds: ${expression}`, t => {
    t.true(evaluate(expression))
  })
}

const BROKEN: [expression: string, message: string][] = [
  ['x > 1', "ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x > 1\n | ^"],
  [
    '1 + "a"',
    "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + \"a\"\n | ..^",
  ],
  [
    '"a".startsWith(1)',
    "ERROR: <input>:1:15: found no matching overload for 'startsWith' applied to 'string.(int)'\n | \"a\".startsWith(1)\n | ..............^",
  ],
]

for (const [expression, message] of BROKEN) {
  test(`an expression is refused with its place: ${expression}`, t => {
    t.throws(() => evaluate(expression), { instanceOf: CompileError, message })
  })
}

test('what goes wrong while an expression runs is told in cel-go’s words', t => {
  const failing = (expression: string) =>
    t.throws(() => evaluate(expression), { instanceOf: EvaluationError }).message
  t.is(failing('[1][5] == 1'), 'index out of bounds: 5')
  t.is(failing('1 / 0 == 1'), 'division by zero')
  t.is(failing('{"a": 1}["b"] == 1'), 'no such key: b')
})

test('an expression that takes too many steps is cut off', t => {
  const list = `[${Array.from({ length: 100 }, (_, i) => i).join(', ')}]`
  const program = compile(
    createEnvironment(),
    `${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c >= 0)))`,
  )
  t.throws(() => program.evaluate({}, { left: 100_000 }), {
    message: 'operation cancelled: actual cost limit exceeded',
  })
  t.true(program.evaluate({}, { left: 1e9 }))
})
