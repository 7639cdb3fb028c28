/**
 * What the exchange says no with: Bitget's own code and its own words. A refusal means that nothing
 * has changed. Codes and texts: Bitget's public error table and observed answers.
 */

import { err, type Err } from "#base/result.ts";

export type Refusal = { readonly code: string; readonly message: string };

const texts = {
  "22001": "No order to cancel",
  "22002": "No position to close",
  "40017": "Parameter verification failed {0}",
  "40019": "Parameter {0} cannot be empty",
  "40020": "Parameter {0} error",
  "40034": "Parameter {0} does not exist",
  "40109": "The data of the order cannot be found, please confirm the order number",
  "40304": "clientOid or clientOrderId length cannot greater than 50",
  "40305":
    "clientOid or clientOrderId length cannot greater than 64, and cannot be Martian characters",
  "40762": "The order amount exceeds the balance",
  "40768": "Order does not exist",
  "40774": "The order type for unilateral position must also be the unilateral position type.",
  "40786": "Duplicate clientOid",
  "40797": "Exceeded the maximum settable leverage",
  "40808": "Parameter verification exception {0}",
  "40814": "No change in leverage",
  "40832": "The take profit price of short positions should be less than the current price",
  "40889": "The plan order of this contract has reached the upper limit",
  "40893": "Unable to update the leverage factor of this position, there is not enough margin!",
  "40915": "Long position take profit price please > mark price",
  "40917": "Stop price for long positions please < mark price {0}",
  "40920": "Position or order exists, the position mode cannot be switched",
  "43011": "The parameter does not meet the specification {0}",
  "43023": "Insufficient position, can not set profit or stop loss",
  "43025": "Plan order does not exist",
  "43030": "Take profit order already existed",
  "43031": "Stop loss order already existed",
  "45097": "There is currently an order or a limit order, and the leverage cannot be adjusted",
  "45110": "less than the minimum amount {0} USDT",
  "45111": "less than the minimum order quantity",
  "45112": "more than the maximum order quantity",
  "45115": "The price you enter should be a multiple of {0}",
  "45117": "Currently holding positions or orders, the margin mode cannot be adjusted",
  "45118":
    "Reached the upper limit of the order of transactions (the current number of order + the current number of orders) {0}",
  "45122": "Short position stop loss price please > mark price {0}",
} as const;

export type RefusalCode = keyof typeof texts;

/** `detail` takes the place of `{0}`. */
export const refuse = (code: RefusalCode, detail = ""): Err<Refusal> =>
  err({ code, message: texts[code].replace("{0}", detail).trimEnd() });
