export { base } from '../base';
export { render } from './render';
