console.log('to be written');
process.exit(1);
