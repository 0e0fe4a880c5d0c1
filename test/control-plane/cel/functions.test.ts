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
  'url("mailto:a@b.c").getScheme() == "mailto" && url("https://a/b c?x=1;y=2&z=3").getEscapedPath() == "/b%20c"',
  '!isURL("https://a:b:c/") && !isURL("") && url("https://a/?x=1;y=2&z=3").getQuery() == {"z": ["3"]}',
  '"a b c".split(" ", 2) == ["a", "b c"] && "aXbX".replace("", "-") == "-a-X-b-X-" && "héé".indexOf("é", 2) == 2',
  '"abcabc".lastIndexOf("bc") == 4 && "abcabc".lastIndexOf("bc", 3) == 1 && "ÀB".lowerAscii() == "Àb"',
  '"%s %s".format([["a", "b"], {"k": duration("1m")}]) == "[\\"a\\", \\"b\\"] {\\"k\\":duration(\\"60s\\")}"',
  '"%.1f %x %X %b %o".format([1234.56, "ab", 255, true, 8]) == "1,234.6 6162 FF 1 10"',
  'string(1e6) == "1000000" && string(1e21) == "1e+21" && string(0.00001) == "1e-05" && string(b"\\xc3\\xbf") == "ÿ"',
  'int("-5") == -5 && uint("5") == 5u && double("1e3") == 1000.0 && bool("t") && int(1.9) == 1 && type(1u) == uint',
  '1u < 2 && 3 > 2.5 && 1 in [1, 2] && dyn(1) in [1.0, 2.0] && dyn(1) == 1.0 && {1: "a"}[1] == "a"',
  'timestamp("2024-02-29T23:30:00.5+01:00").getHours() == 22 && timestamp("2024-02-29T23:30:00Z").getDayOfYear() == 59',
  'timestamp("2024-06-01T12:00:00Z").getHours("Europe/Berlin") == 14 && timestamp(0).getFullYear("-02:00") == 1969',
  'duration("1h") - duration("90s") == duration("58m30s")',
  'timestamp("2024-01-01T00:00:00Z") + duration("24h") == timestamp("2024-01-02T00:00:00Z")',
  '[1, 2].all(i, v, v == i + 1) && {"a": 1}.exists(k, v, k == "a" && v == 1) && ["x"].existsOne(i, v, v == "x")',
  '[1, 2].transformList(i, v, v > 1, i) == [1] && {"a": 1}.transformMap(k, v, v + 1) == {"a": 2}',
  '{"a": {"b": 1}}.?a.?b.value() == 1 && [1][?3].or(optional.of(2)).value() == 2',
  'optional.of(2).optMap(v, v * 2).value() == 4 && [optional.of(1), optional.none()].unwrapOpt() == [1]',
  '[?optional.none(), 2] == [2] && {?"a": optional.of(1), ?"b": optional.none()} == {"a": 1}',
  'optional.ofNonZeroValue("") == optional.none() && optional.ofNonZeroValue(1) == optional.of(1)',
  '(1 / 0 == 1) || true',
  '!((1 / 0 == 1) && false)',
  '[0, 1].exists(x, 1 / x == 1)',
  '"""a"b""" == "a\\"b" && r"\\n" == "\\\\n" && b"\\x41" == b"A" && "\\u00e9" == "é" && 0xff == 255',
  'dyn([1.0, 2.0]).sum() == 3.0 && [duration("1s"), duration("2s")].sum() == duration("3s") && [b"b", b"a"].min() == b"a"',
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
  [
    '[1] == [] &&\n  nothing()',
    "ERROR: <input>:2:10: undeclared reference to 'nothing' (in container '')\n |   nothing()\n | .........^",
  ],
  ['[1, "a"]', "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, \"a\"]\n | ....^"],
  [
    '1.all(x, true)',
    "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | 1.all(x, true)\n | ^",
  ],
  [
    '[1].all(x.y, true)',
    'ERROR: <input>:1:10: argument must be a simple name\n | [1].all(x.y, true)\n | .........^',
  ],
  ['has(1)', 'ERROR: <input>:1:5: invalid argument to has() macro\n | has(1)\n | ....^'],
  ['1 && true', "ERROR: <input>:1:1: expected type 'bool' but found 'int'\n | 1 && true\n | ^"],
  [
    'duration("x") == duration("1s")',
    'ERROR: <input>:1:10: invalid duration argument\n | duration("x") == duration("1s")\n | .........^',
  ],
  [
    '"a".matches("(")',
    'ERROR: <input>:1:13: invalid matches argument\n | "a".matches("(")\n | ............^',
  ],
  [
    '"%d".format(["a"])',
    'ERROR: <input>:1:14: error during formatting: decimal clause can only be used on integers, was given string\n | "%d".format(["a"])\n | .............^',
  ],
  [
    '"%d".format([1, 2])',
    'ERROR: <input>:1:12: too many arguments supplied to string.format (expected 1, got 2)\n | "%d".format([1, 2])\n | ...........^',
  ],
  ['if', 'ERROR: <input>:1:1: reserved identifier: if\n | if\n | ^'],
  [
    '1 +',
    "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^",
  ],
  [
    '1 == 1)',
    "ERROR: <input>:1:7: Syntax error: extraneous input ')' expecting <EOF>\n | 1 == 1)\n | ......^",
  ],
  [
    '"é" == 1',
    "ERROR: <input>:1:5: found no matching overload for '_==_' applied to '(string, int)'\n | \"é\" == 1\n | .．..^",
  ],
]

for (const [expression, message] of BROKEN) {
  test(`an expression is refused with its place: ${expression}`, t => {
    t.throws(() => evaluate(expression), { instanceOf: CompileError, message })
  })
}

test('an expression that is nested too deep is refused, and a long one of alternatives is not', t => {
  const deep = [
    Array(1_000).fill('1').join(' + '),
    `${'('.repeat(1_000)}1${')'.repeat(1_000)}`,
    `x${'.a'.repeat(1_000)}`,
    Array(1_000).fill('1').join(' < '),
  ]
  for (const expression of deep)
    t.throws(() => evaluate(expression), { instanceOf: CompileError, message: /recursion/ })
  t.true(evaluate(Array(10_000).fill('1 == 1').join(' && ')))
})

test('what goes wrong while an expression runs is told in cel-go’s words', t => {
  const failing = (expression: string) =>
    t.throws(() => evaluate(expression), { instanceOf: EvaluationError }).message
  t.is(failing('[1][5] == 1'), 'index out of bounds: 5')
  t.is(failing('dyn(ip("1.2.3.4")) == dyn("x")'), 'no such overload')
  t.is(failing('cidr("10.0.0.0/8").containsIP("x")'), 'no such overload')
  t.is(failing('["x"].map(x, int(x)) == [1]'), "type conversion error from 'string' to 'int'")
  t.is(failing('1 / 0 == 1'), 'division by zero')
  t.is(failing('{"a": 1}["b"] == 1'), 'no such key: b')
  t.is(failing('5 % 0 == 1'), 'modulus by zero')
  t.is(failing('9223372036854775807 + 1 > 0'), 'integer overflow')
  t.is(failing('dyn("a") + 1 == 2'), 'no such overload')
  t.is(failing('"abc".substring(2, 1) == ""'), 'invalid substring range. start: 2, end: 1')
  t.is(failing('"abc".charAt(9) == ""'), 'index out of range: 9')
  t.is(failing('[].max() == 1'), 'max called on empty list')
  t.is(failing('optional.none().value() == 1'), 'optional.none() dereference')
  t.is(failing('quantity("1.5").asInteger() == 1'), 'cannot convert value to integer')
  t.regex(
    failing('ip("1.2.3").family() == 4'),
    /^IP Address "1.2.3" parse error during conversion from string/,
  )
})

test('a literal may be a comma alone, and a later entry takes the place of an earlier one', t => {
  t.true(evaluate('[,] == [] && {,} == {}'))
  t.true(evaluate('{"a": 1, "a": 2}["a"] == 2'))
  t.true(evaluate('"%s".format([type(timestamp(0))]) == "google.protobuf.Timestamp"'))
  t.is(evaluate('"%.120f".format([1.0]).size()'), 122n)
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
