import Grantway = require('@grantway/connect');

Grantway.create({ baseURL: 'https://connect.acme.com' }).open({ token: 'gws_…', onExit: ({ stage }) => stage });
