import test from 'ava'
import {
  checkRoute,
  errorType,
  negotiateDiscovery,
} from '../../../../control-plane/apiserver/representation/negotiate.ts'

const AGGREGATED = 'g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'

test('the router refuses what names none of the media types to the letter', t => {
  for (const accept of ['application/json', 'text/html, */*;q=0.1', TABLE]) {
    t.notThrows(() => checkRoute(accept))
  }
  for (const accept of ['text/html', 'application/*', '*', 'Application/JSON', ';']) {
    t.throws(() => checkRoute(accept), {
      message:
        '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    })
  }
  t.throws(() => checkRoute('text/plain', true), {
    message: /protobuf, application\/json;stream=watch, application\/vnd\.kubernetes\.protobuf;stream=watch$/,
  })
})

test('an error is told in the first form that is had, and to who takes none as well', t => {
  t.is(errorType(undefined), 'application/json')
  t.is(errorType('application/yaml, application/json'), 'application/yaml')
  t.is(errorType(`${TABLE}, application/yaml`), 'application/yaml')
  t.is(errorType(TABLE), undefined)
  t.is(errorType('text/html'), undefined)
})

test('discovery is had in one document where that comes before the plain ones', t => {
  const json = 'application/json'
  const both = `${json};${AGGREGATED},${json}`
  t.deepEqual(negotiateDiscovery(both, true), { type: json, isAggregated: true })
  t.deepEqual(negotiateDiscovery(both, false), { type: json, isAggregated: false })
  t.deepEqual(negotiateDiscovery(undefined, true), { type: json, isAggregated: false })
  const beta = `${json};${AGGREGATED.replace('v2', 'v2beta1')}`
  t.throws(() => negotiateDiscovery(beta, true), {
    message: /^only the following media types are accepted: /,
  })
  t.deepEqual(negotiateDiscovery(`${beta},${json}`, true), { type: json, isAggregated: false })
})
