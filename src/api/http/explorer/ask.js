const answer = document.getElementById('answer');

document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const token = document.getElementById('token').value.trim();
  answer.textContent = '';
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ viewer { name } }' }),
    });
    const { errors } = await response.json();
    if (errors !== undefined) throw new Error(errors[0].message);
    sessionStorage.setItem('starwarden-token', token);
    location.assign('/graphql/explorer/');
  } catch (error) {
    answer.textContent = error.message;
  }
});
