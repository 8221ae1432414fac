import { mount } from 'svelte';
import Care from './care/Care.svelte';
import './care.css';

mount(Care, { target: document.body });
