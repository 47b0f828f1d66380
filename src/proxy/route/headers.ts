/** What is done to headers. */

import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction as Append,
} from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';

import { InvalidConfigError } from '../config-error.ts';
import { headerText } from './header-text.ts';

export type HeaderAction = 'append' | 'add-if-absent' | 'set' | 'overwrite-if-present' | 'remove';

export interface HeaderEdit {
  readonly action: HeaderAction;
  readonly name: string;
  /** As configured, with Envoy's `%OPERATORS%`; empty for removals. */
  readonly value: string;
  /** A value that turns out empty is written all the same. */
  readonly keepEmpty: boolean;
}

/** What a route, a destination, a virtual host or the whole configuration does: texts are made of what was there before. */
export type EditLevel = readonly HeaderEdit[];

/** Levels in the order in which they are made. */
export interface HeaderEdits {
  readonly request: readonly EditLevel[];
  readonly response: readonly EditLevel[];
}

interface EditHolder {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

const NONE: HeaderEdits = { request: [], response: [] };

export function editsOf(holder: EditHolder): HeaderEdits {
  const request = edits(holder.requestHeadersToAdd, holder.requestHeadersToRemove);
  const response = edits(holder.responseHeadersToAdd, holder.responseHeadersToRemove);
  if (request.length === 0 && response.length === 0) return NONE;
  const levels = (level: EditLevel) => (level.length === 0 ? [] : [level]);
  return { request: levels(request), response: levels(response) };
}

/** Those of several levels, one after the other. */
export function joinEdits(levels: readonly HeaderEdits[]): HeaderEdits {
  const some = levels.filter((level) => level !== NONE);
  if (some.length < 2) return some[0] ?? NONE;
  return {
    request: levels.flatMap(({ request }) => request),
    response: levels.flatMap(({ response }) => response),
  };
}

function edits(added: readonly HeaderValueOption[], removed: readonly string[]): HeaderEdit[] {
  return [
    ...removed.map((name): HeaderEdit => ({
      action: 'remove',
      name: headerText('headers_to_remove', name).toLowerCase(),
      value: '',
      keepEmpty: false,
    })),
    ...added.map((option): HeaderEdit => ({
      action: actionOf(option),
      name: headerName(option.header?.key ?? ''),
      value: headerText('headers_to_add.header.value', option.header?.value ?? ''),
      keepEmpty: option.keepEmptyValue,
    })),
  ];
}

function headerName(key: string): string {
  if (key === '') throw new InvalidConfigError('headers_to_add.header.key', 'empty');
  return headerText('headers_to_add.header.key', key).toLowerCase();
}

function actionOf({ appendAction, append }: HeaderValueOption): HeaderAction {
  // The older field counts when it is there.
  if (append !== undefined) return append ? 'append' : 'set';
  switch (appendAction) {
    case Append.ADD_IF_ABSENT:
      return 'add-if-absent';
    case Append.OVERWRITE_IF_EXISTS_OR_ADD:
      return 'set';
    case Append.OVERWRITE_IF_EXISTS:
      return 'overwrite-if-present';
    default:
      return 'append';
  }
}
