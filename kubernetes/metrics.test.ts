import { expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { combinations, createRequestMetrics } from "./metrics.ts";

const start = () => {
  const registry = new Registry();
  return { registry, metrics: createRequestMetrics(registry, "10.0.0.1:443") };
};

test("requests are counted by client-go's names and labels", async () => {
  const { registry, metrics } = start();
  metrics.countRequest({ method: "PATCH", code: 200, seconds: 0.03 });
  metrics.countRequest({ method: "PATCH", code: 409, seconds: 0.001 });
  metrics.countRequest({ method: "GET", code: undefined, seconds: 15 });
  metrics.countConnection();
  const text = await registry.metrics();
  const host = 'host="10.0.0.1:443"';
  expect(text).toContain(`rest_client_requests_total{code="200",method="PATCH",${host}} 1`);
  expect(text).toContain(`rest_client_requests_total{code="409",method="PATCH",${host}} 1`);
  expect(text).toContain(`rest_client_requests_total{code="<error>",method="GET",${host}} 1`);
  const bucket = "rest_client_request_duration_seconds_bucket";
  expect(text).toContain(`${bucket}{le="0.025",verb="PATCH",${host}} 1`);
  expect(text).toContain(`${bucket}{le="0.1",verb="PATCH",${host}} 2`);
  expect(text).toContain(`${bucket}{le="15",verb="GET",${host}} 1`);
  expect(text).toContain("rest_client_connections_total 1");
});

test("the first failure is a step from 0, not a series that appears", async () => {
  const text = await start().registry.metrics();
  for (const method of ["DELETE", "GET", "PATCH", "POST", "PUT"]) {
    expect(text).toContain(
      `rest_client_requests_total{code="<error>",method="${method}",host="10.0.0.1:443"} 0`,
    );
  }
  expect(text).toContain("rest_client_connections_total 0");
});

test.each([
  [{}, [{}]],
  [{ a: ["1", "2"] }, [{ a: "1" }, { a: "2" }]],
  [
    { a: ["1", "2"], b: ["x"] },
    [
      { a: "1", b: "x" },
      { a: "2", b: "x" },
    ],
  ],
  [{ a: [] }, []],
])("the series of %j are every choice of a value for each label", (series, expected) => {
  expect(combinations(series)).toEqual(expected);
});
